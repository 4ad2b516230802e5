//! The parts of a process whose readiness the admin listener shows.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::Bus;
use gateway_core::Clock;
use gateway_core::probe::Probe;
use gateway_store::Store;

use crate::admin::Part;
use crate::app::health;
use crate::front;

/// The longest wait for the check of the connection, which does not wait for anything.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connection to the broker.
pub(super) fn broker(bus: Arc<dyn Bus>) -> Part {
    let probe = Probe::new(PATIENCE, move || {
        let is_connected = bus.is_connected();
        async move {
            is_connected.then_some(()).ok_or_else(|| "there is no connection to the message broker".into())
        }
    });
    Part { name: "broker", probe }
}

/// The database.
pub(super) fn database(store: Store) -> Part {
    Part { name: "database", probe: health::database(store) }
}

/// The handlers, as a front of this process sees them.
pub(super) fn handler(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Part {
    Part { name: "handler", probe: front::readiness(bus, clock) }
}
