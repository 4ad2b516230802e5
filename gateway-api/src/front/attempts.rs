//! A limit to wrong client secrets: token buckets of peers, and of clients whose secret was right before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use gateway_core::id::PrincipalId;
use quick_cache::unsync::Cache;
use tokio::time::Instant;

use super::peer::Peer;
use super::refusal_log::{Reason, RefusalLog};
use crate::http::problem::Problem;

/// The wrong secrets that a peer may send at once, and the checks of secrets that it may have in flight. A higher number
/// lets more of an attack reach the handlers; a lower one refuses clients that start together behind one address.
const BURST: f64 = 200.0;

/// The wrong secrets that a peer may send each second without end. A higher number lets more of an attack reach the
/// handlers; a lower one makes the clients behind one address wait longer after many of them had a wrong secret.
const PER_SECOND: f64 = 1.0;

/// The peers whose buckets are remembered. More cost memory, about 100 bytes each; fewer let an attacker with many
/// addresses have full buckets again.
const PEERS: usize = 16_384;

/// The clients whose success is remembered, each at one peer. More cost memory; fewer make clients share the bucket of
/// their peer.
const KNOWN_CLIENTS: usize = 16_384;

/// The buckets of one front. Only wrong secrets empty them.
#[derive(Debug)]
pub(super) struct Attempts {
    buckets: Mutex<Buckets>,
    refusals: Arc<RefusalLog>,
}

#[derive(Debug)]
struct Buckets {
    peers: Cache<Peer, Bucket>,
    /// The buckets of clients whose secret was right. They do not share the bucket of their peer, so that an attack from
    /// behind the same address does not stop them.
    known: Cache<(Peer, PrincipalId), Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// A check of a secret that is in flight. It holds a token of its bucket, which it gives back if the secret was right.
/// An attempt that ends without an answer was not right.
#[derive(Debug)]
pub(super) struct Attempt {
    attempts: Arc<Attempts>,
    peer: Peer,
    client: PrincipalId,
    is_known: bool,
}

impl Attempts {
    pub(super) fn new(refusals: &Arc<RefusalLog>) -> Arc<Self> {
        let buckets = Buckets { peers: Cache::new(PEERS), known: Cache::new(KNOWN_CLIENTS) };
        Arc::new(Self { buckets: Mutex::new(buckets), refusals: Arc::clone(refusals) })
    }

    /// Begins a check of the secret of a client. Refuses it if its bucket is empty.
    pub(super) fn begin(self: &Arc<Self>, peer: Peer, client: PrincipalId) -> Result<Attempt, Problem> {
        let is_known = self.buckets().known.contains_key(&(peer, client));
        let mut wait = None;
        self.change(peer, client, is_known, |bucket| wait = bucket.take());
        match wait {
            Some(wait) => {
                self.refusals.record(peer, Reason::TooManyWrongSecrets);
                Err(too_many(wait))
            }
            None => Ok(Attempt { attempts: Arc::clone(self), peer, client, is_known }),
        }
    }

    /// Changes the bucket of a client that is known, or else that of its peer.
    fn change(&self, peer: Peer, client: PrincipalId, is_known: bool, change: impl FnOnce(&mut Bucket)) {
        let mut buckets = self.buckets();
        if is_known {
            let key = (peer, client);
            let mut bucket = buckets.known.get(&key).copied().unwrap_or_else(Bucket::full);
            change(&mut bucket);
            buckets.known.insert(key, bucket);
        } else {
            let mut bucket = buckets.peers.get(&peer).copied().unwrap_or_else(Bucket::full);
            change(&mut bucket);
            buckets.peers.insert(peer, bucket);
        }
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        // The caches are changed by single calls: a panic cannot leave them half changed.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// Ends a check by the status of its answer, if there is one.
    pub(super) fn answered(self, status: Option<u16>) {
        let Self { attempts, peer, client, is_known } = self;
        if status == Some(StatusCode::UNAUTHORIZED.as_u16()) {
            attempts.refusals.record(peer, Reason::WrongSecret);
            return;
        }
        attempts.change(peer, client, is_known, Bucket::give_back);
        let was_right = status.is_some_and(|status| (200..300).contains(&status));
        let mut buckets = attempts.buckets();
        if was_right && !buckets.known.contains_key(&(peer, client)) {
            buckets.known.insert((peer, client), Bucket::full());
        }
    }
}

impl Bucket {
    fn full() -> Self {
        Self { tokens: BURST, at: Instant::now() }
    }

    /// Takes a token. If there is none, returns the time until there is one.
    fn take(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let refilled = now.duration_since(self.at).as_secs_f64() * PER_SECOND;
        (self.tokens, self.at) = ((self.tokens + refilled).min(BURST), now);
        if self.tokens < 1.0 {
            return Some(Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND));
        }
        self.tokens -= 1.0;
        None
    }

    fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(BURST);
    }
}

fn too_many(wait: Duration) -> Problem {
    let detail =
        "too many requests from your address had a wrong client secret; correct it, and send it again later";
    Problem::new("too-many-attempts", "Too many attempts", StatusCode::TOO_MANY_REQUESTS, detail)
        .with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const BURST_COUNT: usize = BURST as usize;

    fn peer(number: u8) -> Peer {
        Peer::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)))
    }

    fn attempts() -> Arc<Attempts> {
        Attempts::new(&Arc::default())
    }

    /// Sends wrong secrets until one is refused; returns their number.
    fn exhaust(attempts: &Arc<Attempts>, peer: Peer, client: PrincipalId) -> usize {
        (0..10_000).take_while(|_| attempts.begin(peer, client).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_secrets_empty_the_bucket_of_their_peer_only() {
        let attempts = attempts();
        let random = || PrincipalId::generate();
        let passed = (0..10_000).take_while(|_| attempts.begin(peer(1), random()).is_ok()).count();
        assert_eq!(passed, BURST_COUNT, "whatever clients are named");
        assert!(attempts.begin(peer(2), random()).is_ok());
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(exhaust(&attempts, peer(1), random()), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn successes_are_not_charged() {
        let (attempts, client) = (attempts(), PrincipalId::generate());
        for _ in 0..10 * BURST_COUNT {
            attempts.begin(peer(1), client).unwrap().answered(Some(201));
        }
        assert_eq!(exhaust(&attempts, peer(1), PrincipalId::generate()), BURST_COUNT);
    }

    #[tokio::test(start_paused = true)]
    async fn client_with_a_success_is_not_stopped_by_its_neighbours() {
        let (attempts, client) = (attempts(), PrincipalId::generate());
        attempts.begin(peer(1), client).unwrap().answered(Some(201));
        exhaust(&attempts, peer(1), PrincipalId::generate());
        assert!(attempts.begin(peer(1), PrincipalId::generate()).is_err(), "a client without a success is");
        attempts.begin(peer(1), client).unwrap().answered(Some(201));
        assert_eq!(
            exhaust(&attempts, peer(1), client),
            BURST_COUNT,
            "its own wrong secrets are limited, too"
        );
    }
}
