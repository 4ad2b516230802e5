//! The health of the database.

use std::time::Duration;

use gateway_core::probe::Probe;
use gateway_store::Store;

/// The longest wait for an answer. A longer one lets callers wait; a shorter one calls a busy database dead.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Returns the probe of a database. Its reasons are for operators.
pub(crate) fn database(store: Store) -> Probe {
    Probe::new(PATIENCE, move || {
        let store = store.clone();
        async move { store.check_health().await.map_err(|error| error.message().to_owned().into()) }
    })
}
