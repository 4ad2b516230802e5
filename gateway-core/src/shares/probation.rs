//! Endpoints on probation, and the holders by which the next call to each of them is chosen.

use std::collections::HashMap;

use tokio::time::Instant;

use super::call::{CallKey, Endpoint};
use crate::id::Holder;

/// Holders of an endpoint that are tried before all others. More cost a statement each if they have no due work; with
/// fewer, more holders that hang may be tried before one that is answered.
const TRIED_FIRST: usize = 4;

/// The endpoints with an open breaker. Only one call at a time tries such an endpoint, and waits for a long time if its
/// account hangs. So it is made for a holder that was answered lately, rather than for one whose own calls timed out: a
/// single account that is answered ends the probation.
#[derive(Debug, Default)]
pub struct Probation {
    at: HashMap<Endpoint, Called>,
}

/// The holders that were called at an endpoint.
#[derive(Debug, Default)]
struct Called {
    /// Holders with a closed breaker, and the time of their last answer.
    answered: Vec<(Instant, Holder)>,
    /// Holders with an open breaker.
    hung: Vec<Holder>,
}

impl Probation {
    /// Creates the probation of endpoints without a called holder.
    pub(super) fn of(endpoints: impl Iterator<Item = Endpoint>) -> Self {
        Self { at: endpoints.map(|endpoint| (endpoint, Called::default())).collect() }
    }

    /// Notes a key that was called, with the time of its last answer.
    pub(super) fn note(&mut self, key: &CallKey, is_open: bool, answered: Option<Instant>) {
        let CallKey::Holder(endpoint, holder) = key else { return };
        let Some(called) = self.at.get_mut(endpoint) else { return };
        match answered {
            _ if is_open => called.hung.push(*holder),
            Some(at) => called.answered.push((at, *holder)),
            None => {}
        }
    }

    /// Returns whether no endpoint is on probation.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Returns the holders that are tried first at an endpoint, the last answered first.
    pub fn first(&self, endpoint: &Endpoint) -> Vec<Holder> {
        let mut answered = self.at.get(endpoint).map(|called| called.answered.clone()).unwrap_or_default();
        answered.sort_unstable_by(|a, b| b.cmp(a));
        answered.into_iter().take(TRIED_FIRST).map(|(_, holder)| holder).collect()
    }

    /// Returns the holders that are tried last at an endpoint, because their own calls timed out.
    pub fn last(&self, endpoint: &Endpoint) -> &[Holder] {
        self.at.get(endpoint).map_or(&[], |called| &called.hung)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Duration;

    use super::*;
    use crate::error::{Error, ErrorKind};
    use crate::id::{AccountId, CloudId};
    use crate::shares::Breakers;

    #[tokio::test(start_paused = true)]
    async fn holders_that_were_answered_last_are_tried_first_and_hung_ones_last() {
        let endpoint = Endpoint::of_identity(CloudId::generate());
        let holder = |name: &str| Holder::Account(AccountId::derive(endpoint.cloud, name));
        let path = |name: &str| CallKey::for_holder(endpoint.clone(), holder(name));
        let breakers = Breakers::default();
        for name in ["hung", "early", "late"] {
            tokio::time::advance(Duration::from_secs(1)).await;
            breakers.record::<()>(&path(name), Instant::now(), &Ok(()));
        }
        assert!(breakers.probation().is_empty(), "it answers");
        tokio::time::advance(Duration::from_secs(1)).await;
        breakers.record::<()>(&path("hung"), Instant::now(), &Err(Error::new(ErrorKind::Timeout, "late")));
        let probation = breakers.probation();
        assert_eq!(probation.first(&endpoint), [holder("late"), holder("early")]);
        assert_eq!(probation.last(&endpoint), [holder("hung")]);
        let other = Endpoint::of_identity(CloudId::generate());
        assert!(probation.first(&other).is_empty() && probation.last(&other).is_empty());
    }
}
