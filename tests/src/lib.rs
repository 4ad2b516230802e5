//! gateway-tests
