//! What all requests share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway_core::Timestamp;
use gateway_core::secret::Secret;

use super::answer::Refusal;
use super::fault::Faults;
use super::movement::Mover;
use super::options::SimulatorOptions;
use super::seed;
use super::sessions::Sessions;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::world::World;

#[derive(Debug)]
pub(super) struct Cloud {
    pub(super) options: SimulatorOptions,
    /// The accounts' ids by number.
    pub(super) accounts: Vec<String>,
    /// Their secrets by now.
    pub(super) secrets: Mutex<Vec<Secret>>,
    pub(super) faults: Mutex<Faults>,
    pub(super) sessions: Mutex<Sessions>,
    pub(super) requests: Mutex<BTreeMap<String, u64>>,
    world: Mutex<(World, Mover)>,
    /// Requests that were answered, for their ids.
    answered: AtomicU64,
}

impl Cloud {
    pub(super) fn new(options: SimulatorOptions) -> Self {
        let world = seed::world(&options);
        let mover = Mover::new(&options, options.clock.now());
        Self {
            accounts: options.accounts.iter().map(super::AccountOption::id).collect(),
            secrets: Mutex::new(options.accounts.iter().map(|account| account.secret.clone()).collect()),
            faults: Mutex::default(),
            sessions: Mutex::default(),
            requests: Mutex::default(),
            world: Mutex::new((world, mover)),
            answered: AtomicU64::new(0),
            options,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// An id for the next answer.
    pub(super) fn request_id(&self) -> String {
        format!("req-{:012x}", self.answered.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Brings the world up to this moment and works on it.
    pub(super) fn with_world<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.now();
        let mut guard = locked(&self.world);
        let (world, mover) = &mut *guard;
        world.settle(now);
        if !mover.is_still() {
            mover.advance(world, now);
        }
        work(world, now)
    }

    /// Changes how much moves by itself from now on.
    pub(super) fn set_movement(&self, per_second: f64) {
        // What is due at the rate before is made first.
        self.with_world(|_, _| {});
        locked(&self.world).1.set_rate(per_second, self.now());
    }

    pub(super) fn account_of_token(&self, token: &str) -> Option<usize> {
        locked(&self.sessions).account(token, self.now())
    }

    /// The place that a path names, as the account sees it.
    pub(super) fn place(&self, region: &str, collection: &str, owner: Owner) -> Result<Place, Refusal> {
        let region = self.options.regions.iter().position(|name| name == region).ok_or_else(|| {
            Refusal::new(http::StatusCode::NOT_FOUND, "no_such_region", "there is no such region")
        })?;
        let sort = Sort::parse_plural(collection).ok_or_else(|| {
            Refusal::new(http::StatusCode::NOT_FOUND, "no_such_collection", "there is no such collection")
        })?;
        Ok(Place { region, owner, sort })
    }
}

/// A panic elsewhere does not make the simulated cloud stop answering.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
