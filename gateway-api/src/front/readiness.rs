//! The readiness of a front: a handler answers through the bus, and the database answers the handler.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::{Bus, Envelope, WorkClass};
use gateway_core::Clock;
use gateway_core::probe::{Probe, Verdict};

/// The longest wait for the answer of a handler. A longer one keeps callers of `/ready` waiting; a shorter one calls busy
/// handlers dead.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// The longest wait of a caller: longer than that for the handler, so that the reason says what does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The path that handlers answer.
const PATH: &str = "/ready";

/// The status of a handler whose database does not answer.
const NOT_READY: u16 = 503;

/// Returns the probe of a front.
pub(super) fn probe(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Probe {
    Probe::new(PATIENCE, move || ask(Arc::clone(&bus), Arc::clone(&clock)))
}

async fn ask(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Verdict {
    if !bus.is_connected() {
        return Err("there is no connection to the message broker".into());
    }
    let envelope = Envelope::get(PATH, clock.now(), ANSWER_TIME);
    match bus.request(WorkClass::Read, envelope).await {
        Ok(reply) if reply.status == NOT_READY => Err("the database does not answer".into()),
        // A handler of an older version has no such path, but it answers.
        Ok(_) => Ok(()),
        Err(_) => Err("no handler answers".into()),
    }
}
