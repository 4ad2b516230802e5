//! driver-kit
