//! driver-conformance
