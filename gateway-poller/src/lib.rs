//! gateway-poller
