//! driver-simulator
