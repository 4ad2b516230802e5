//! State shared by all requests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway_core::secret::Secret;
use gateway_core::{Kind, Timestamp};

use crate::cloud::fault::Faults;
use crate::cloud::http::sessions::Sessions;
use crate::cloud::movement::Movement;
use crate::cloud::options::{AccountOption, SimulatorOptions};
use crate::cloud::refusal::Refusal;
use crate::cloud::seed;
use crate::cloud::tables::Tables;
use crate::cloud::tables::table::{Owner, TableKey};

/// Options, tables and state of one simulated cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) options: SimulatorOptions,
    /// Ids of the accounts by number.
    pub(crate) accounts: Vec<String>,
    /// Current secrets of the accounts by number.
    pub(crate) secrets: Mutex<Vec<Secret>>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) requests: Mutex<BTreeMap<String, u64>>,
    tables: Mutex<(Tables, Movement)>,
    /// Number of answers, for request ids.
    answered: AtomicU64,
}

impl Cloud {
    pub(crate) fn new(options: SimulatorOptions) -> Self {
        let tables = seed::tables(&options);
        let movement = Movement::new(&options, options.clock.now());
        Self {
            accounts: options.accounts.iter().map(AccountOption::id).collect(),
            secrets: Mutex::new(options.accounts.iter().map(|account| account.secret.clone()).collect()),
            faults: Mutex::default(),
            sessions: Mutex::default(),
            requests: Mutex::default(),
            tables: Mutex::new((tables, movement)),
            answered: AtomicU64::new(0),
            options,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Returns the id of the next answer.
    pub(crate) fn request_id(&self) -> String {
        format!("req-{:012x}", self.answered.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Advances the tables to the present time and calls `work` with them.
    pub(crate) fn with_tables<T>(&self, work: impl FnOnce(&mut Tables, Timestamp) -> T) -> T {
        let now = self.now();
        let mut guard = locked(&self.tables);
        let (tables, movement) = &mut *guard;
        tables.advance(now);
        if !movement.is_stopped() {
            movement.advance(tables, now);
        }
        work(tables, now)
    }

    /// Changes the rate of movement from now on.
    pub(crate) fn set_movement(&self, per_second: f64) {
        // Moves that are due at the old rate come first.
        self.with_tables(|_, _| {});
        locked(&self.tables).1.set_rate(per_second, self.now());
    }

    pub(crate) fn account_of_token(&self, token: &str) -> Option<usize> {
        locked(&self.sessions).account(token, self.now())
    }

    /// Returns the key of the table that a path names.
    pub(crate) fn table(&self, region: &str, collection: &str, owner: Owner) -> Result<TableKey, Refusal> {
        let region = self.options.regions.iter().position(|name| name == region).ok_or_else(|| {
            Refusal::new(http::StatusCode::NOT_FOUND, "no_such_region", "the region does not exist")
        })?;
        let kind = Kind::parse_plural(collection).ok_or_else(|| {
            Refusal::new(http::StatusCode::NOT_FOUND, "no_such_collection", "the collection does not exist")
        })?;
        Ok(TableKey { region, owner, kind })
    }
}

/// Locks a mutex, even if a thread has panicked with it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
