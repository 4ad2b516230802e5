//! The services that the composition root gives to a session.

use std::sync::Arc;

use super::budget::{Pacer, Unpaced};
use super::clock::{SkewWatch, Unwatched};
use super::token::TokenKeeper;
use crate::clock::{Clock, Timestamp};

/// The services that a session uses.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// The gateway's clock.
    pub clock: Arc<dyn Clock>,
    /// The account's budget.
    pub pacer: Arc<dyn Pacer>,
    /// The receiver of comparisons of clocks.
    pub skew: Arc<dyn SkewWatch>,
    /// The keeper of the credential's token; none for a session that keeps its own. A keeper belongs to one credential.
    pub tokens: Option<Arc<dyn TokenKeeper>>,
}

impl SessionContext {
    /// Makes a context without a budget and without a watch.
    pub fn unpaced(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pacer: Arc::new(Unpaced), skew: Arc::new(Unwatched), tokens: None }
    }

    /// Returns the present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
