//! Circuit breakers: share keys whose calls time out while no other call of theirs is answered.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use super::call::CallKey;
use super::instruments;
use super::probation::Probation;
use crate::error::{Error, ErrorKind};

/// Time without any call after which a key is forgotten. It ends the breakers of endpoints that nobody calls any more; a
/// shorter time lets several calls at once try an endpoint that still hangs.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(900);

/// Interval of reports of open breakers. A longer one shows breakers that have ended for longer; a shorter one costs time.
const REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// Keys that are remembered before old ones are looked for. Higher costs memory, lower costs time.
const LOOKED_THROUGH_AT: usize = 1024;

/// The circuit breakers of one process. A key's breaker opens when a call times out and no other call under the key was
/// answered since that call began; so that a single account that hangs does not open the breaker of its endpoint. Any
/// answer closes it.
#[derive(Debug, Default)]
pub struct Breakers {
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    known: HashMap<CallKey, Known>,
    look_through_at: usize,
}

#[derive(Debug)]
struct Known {
    answered: Option<Instant>,
    is_open: bool,
    last: Instant,
}

impl Breakers {
    /// Records the result of a call that began at a moment, for all keys of its path. An error that is not from the cloud
    /// says nothing about it.
    pub fn record<T>(&self, path: &[CallKey], begun: Instant, result: &Result<T, Error>) {
        match result.as_ref().map_err(Error::kind) {
            Err(ErrorKind::Timeout) => path.iter().for_each(|key| self.timed_out(key, begun)),
            // None of these proves that the cloud answered.
            Err(
                ErrorKind::Unavailable
                | ErrorKind::Unsupported
                | ErrorKind::AddressRefused
                | ErrorKind::Internal
                | ErrorKind::LeaseLost,
            ) => {}
            _ => path.iter().for_each(|key| self.answered(key)),
        }
    }

    /// Returns whether the calls under a key are made one at a time.
    pub fn is_open(&self, key: &CallKey) -> bool {
        self.keys().known.get(key).is_some_and(Known::is_open_now)
    }

    /// Returns all keys with an open breaker.
    pub fn open(&self) -> Vec<CallKey> {
        let keys = self.keys();
        let open = keys.known.iter().filter(|(_, known)| known.is_open_now());
        let open: Vec<_> = open.map(|(key, _)| key.clone()).collect();
        instruments::breakers_open(open.len());
        open
    }

    /// Returns the endpoints with an open breaker, with the holders that were called at them.
    pub(super) fn probation(&self) -> Probation {
        let keys = self.keys();
        let is_on_probation =
            |(key, known): &(&CallKey, &Known)| matches!(key, CallKey::Endpoint(_)) && known.is_open_now();
        let endpoints = keys.known.iter().filter(is_on_probation).map(|(key, _)| key.endpoint().clone());
        let mut probation = Probation::of(endpoints);
        if !probation.is_empty() {
            keys.known
                .iter()
                .for_each(|(key, known)| probation.note(key, known.is_open_now(), known.answered));
        }
        probation
    }

    /// Returns whether a call under a key was answered, as far back as this process remembers.
    pub fn has_answered(&self, key: &CallKey) -> bool {
        self.keys().known.get(key).is_some_and(|known| known.answered.is_some())
    }

    /// Returns whether a call under a key was answered after a moment.
    pub fn was_answered_after(&self, key: &CallKey, moment: Instant) -> bool {
        self.keys().known.get(key).is_some_and(|known| known.answered.is_some_and(|at| at > moment))
    }

    /// Reports the number of open breakers again and again, without end: those of keys that nobody calls end by themselves.
    pub async fn report(&self) {
        loop {
            tokio::time::sleep(REPORT_INTERVAL).await;
            self.open();
        }
    }

    fn timed_out(&self, key: &CallKey, begun: Instant) {
        let mut keys = self.keys();
        let known = keys.note(key);
        let was_answered = known.answered.is_some_and(|at| at >= begun);
        if !was_answered && !std::mem::replace(&mut known.is_open, true) {
            tracing::warn!(endpoint = %key.endpoint(), key = %key, "calls time out; they are made one at a time");
            instruments::breaker_opened();
            instruments::breakers_open(keys.count_open());
        }
    }

    fn answered(&self, key: &CallKey) {
        let mut keys = self.keys();
        let known = keys.note(key);
        known.answered = Some(known.last);
        if std::mem::replace(&mut known.is_open, false) {
            tracing::info!(endpoint = %key.endpoint(), key = %key, "calls are answered again");
            instruments::breakers_open(keys.count_open());
        }
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        // Nothing panics between two changes that belong together.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_open_now(&self) -> bool {
        self.is_open && self.last.elapsed() < FORGOTTEN_AFTER
    }
}

impl Keys {
    fn count_open(&self) -> usize {
        self.known.values().filter(|known| known.is_open_now()).count()
    }

    /// Returns the entry of a key that was called just now.
    fn note(&mut self, key: &CallKey) -> &mut Known {
        let now = Instant::now();
        if self.known.len() >= self.look_through_at.max(LOOKED_THROUGH_AT) {
            self.known.retain(|_, known| now - known.last < FORGOTTEN_AFTER);
            self.look_through_at = self.known.len() * 2;
        }
        let known =
            self.known.entry(key.clone()).or_insert(Known { answered: None, is_open: false, last: now });
        known.last = now;
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, CloudId, Holder};
    use crate::shares::Endpoint;

    fn endpoint() -> Endpoint {
        Endpoint::of_identity(CloudId::generate())
    }

    fn path(endpoint: &Endpoint, account: &str) -> [CallKey; 2] {
        let account = Holder::Account(AccountId::derive(endpoint.cloud, account));
        CallKey::for_holder(endpoint.clone(), account)
    }

    fn late() -> Result<(), Error> {
        Err(Error::new(ErrorKind::Timeout, "late"))
    }

    #[tokio::test(start_paused = true)]
    async fn breaker_opens_on_timeout_and_closes_on_any_answer() {
        let (breakers, path) = (Breakers::default(), path(&endpoint(), "a"));
        let record = |result| breakers.record::<()>(&path, Instant::now(), &result);
        record(Err(Error::unavailable("refused")));
        assert!(!breakers.is_open(&path[0]));
        tokio::time::advance(Duration::from_secs(1)).await;
        record(late());
        assert!(breakers.is_open(&path[0]) && breakers.is_open(&path[1]));
        record(Err(Error::unavailable("refused")));
        assert!(breakers.is_open(&path[0]), "a refused connection is no answer");
        record(Err(Error::new(ErrorKind::Forbidden, "no")));
        assert_eq!(breakers.open(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn account_that_hangs_beside_answered_ones_leaves_its_endpoint_closed() {
        let (breakers, endpoint) = (Breakers::default(), endpoint());
        let (hung, healthy) = (path(&endpoint, "hung"), path(&endpoint, "healthy"));
        let begun = Instant::now();
        tokio::time::advance(Duration::from_secs(1)).await;
        breakers.record(&healthy, Instant::now(), &Ok(()));
        tokio::time::advance(Duration::from_secs(30)).await;
        breakers.record(&hung, begun, &late());
        assert_eq!(breakers.open(), [hung[1].clone()]);
    }

    #[tokio::test(start_paused = true)]
    async fn gauge_of_open_breakers_forgets_those_that_have_ended() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let _recording = metrics::set_default_local_recorder(&recorder);
        let breakers = Breakers::default();
        let shows = |open: &str| {
            recorder.handle().render().lines().any(|line| line == format!("gateway_breakers_open {open}"))
        };
        breakers.record(&path(&endpoint(), "a"), Instant::now(), &late());
        assert!(shows("2"));
        let _ = tokio::time::timeout(FORGOTTEN_AFTER + REPORT_INTERVAL, breakers.report()).await;
        assert!(shows("0"), "{}", recorder.handle().render());
    }

    #[tokio::test(start_paused = true)]
    async fn key_that_is_not_called_is_forgotten() {
        let (breakers, first) = (Breakers::default(), path(&endpoint(), "a"));
        breakers.record(&first, Instant::now(), &late());
        tokio::time::advance(FORGOTTEN_AFTER).await;
        assert!(!breakers.is_open(&first[0]));
        let other = endpoint();
        for account in 0..LOOKED_THROUGH_AT {
            breakers.record(&path(&other, &account.to_string()), Instant::now(), &Ok(()));
        }
        assert!(!breakers.keys().known.contains_key(&first[1]));
    }
}
