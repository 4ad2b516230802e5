//! Circuit breakers: endpoints whose last call timed out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use super::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};

/// Time after which an open breaker is forgotten. It ends the breakers of endpoints that nobody calls any more; a shorter
/// time lets several calls at once try an endpoint that still hangs.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(900);

/// The open breakers of one process. An endpoint whose call timed out is open until a call to it is answered.
#[derive(Debug, Default)]
pub struct Breakers {
    open: Mutex<HashMap<Endpoint, Instant>>,
}

impl Breakers {
    /// Records that a call to an endpoint timed out.
    pub fn timed_out(&self, endpoint: &Endpoint) {
        let now = Instant::now();
        let mut open = self.open();
        open.retain(|_, last| now - *last < FORGOTTEN_AFTER);
        if open.insert(endpoint.clone(), now).is_none() {
            tracing::warn!(endpoint = %endpoint, "endpoint does not answer; it is called once at a time");
        }
    }

    /// Records that an endpoint answered, whatever its answer was.
    pub fn answered(&self, endpoint: &Endpoint) {
        if self.open().remove(endpoint).is_some() {
            tracing::info!(endpoint = %endpoint, "endpoint answers again");
        }
    }

    /// Records the result of a call. An error that is not from the cloud says nothing about the endpoint.
    pub fn record<T>(&self, endpoint: &Endpoint, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.answered(endpoint),
            Err(error) => match error.kind() {
                ErrorKind::Timeout => self.timed_out(endpoint),
                // Neither proves that the endpoint answered.
                ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::LeaseLost => {}
                _ => self.answered(endpoint),
            },
        }
    }

    /// Returns whether an endpoint is called once at a time.
    pub fn is_open(&self, endpoint: &Endpoint) -> bool {
        self.open().get(endpoint).is_some_and(|last| last.elapsed() < FORGOTTEN_AFTER)
    }

    /// Returns the number of open breakers.
    pub fn count(&self) -> usize {
        self.open().values().filter(|last| last.elapsed() < FORGOTTEN_AFTER).count()
    }

    /// Returns all open endpoints.
    pub fn all_open(&self) -> Vec<Endpoint> {
        let open = self.open();
        open.iter().filter(|(_, last)| last.elapsed() < FORGOTTEN_AFTER).map(|(key, _)| key.clone()).collect()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Endpoint, Instant>> {
        // The map is changed by single calls: a panic cannot leave it half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CloudId;

    #[tokio::test(start_paused = true)]
    async fn breaker_opens_on_timeout_and_closes_on_any_answer() {
        let (breakers, endpoint) = (Breakers::default(), Endpoint::of_identity(CloudId::generate()));
        breakers.record::<()>(&endpoint, &Err(Error::unavailable("refused")));
        assert!(!breakers.is_open(&endpoint));
        breakers.record::<()>(&endpoint, &Err(Error::new(ErrorKind::Timeout, "late")));
        assert!(breakers.is_open(&endpoint));
        breakers.record::<()>(&endpoint, &Err(Error::unavailable("refused")));
        assert!(breakers.is_open(&endpoint), "a refused connection is no answer");
        breakers.record::<()>(&endpoint, &Err(Error::new(ErrorKind::Forbidden, "no")));
        assert!(!breakers.is_open(&endpoint));
    }

    #[tokio::test(start_paused = true)]
    async fn breaker_of_an_endpoint_that_is_not_called_is_forgotten() {
        let (breakers, endpoint) = (Breakers::default(), Endpoint::of_identity(CloudId::generate()));
        breakers.timed_out(&endpoint);
        tokio::time::advance(FORGOTTEN_AFTER).await;
        assert!(!breakers.is_open(&endpoint));
        breakers.timed_out(&Endpoint::of_identity(CloudId::generate()));
        assert_eq!(breakers.open().len(), 1);
    }
}
