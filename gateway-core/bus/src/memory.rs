//! The bus of a gateway in one process.
