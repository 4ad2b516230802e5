//! The call budget of an account.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

/// The share of an account's budget that polling may use; the rest is kept for writes. A higher share lists sooner, and
/// a lower one leaves writes more calls.
pub const FOR_POLLING: f64 = 0.8;

/// An account's call budget, as one process may spend it.
#[async_trait]
pub trait Pacer: Send + Sync + fmt::Debug {
    /// Waits until a call may be made.
    async fn acquire(&self);
    /// Holds back every call for this account, because the cloud asked for a pause.
    fn pause(&self, wait: Duration);
}

/// A pacer without limit, for probes by hand and for tests of drivers.
#[derive(Debug, Default)]
pub struct Unpaced;

#[async_trait]
impl Pacer for Unpaced {
    async fn acquire(&self) {}
    fn pause(&self, _wait: Duration) {}
}
