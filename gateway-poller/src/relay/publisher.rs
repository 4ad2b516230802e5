//! Publishes events of the outbox on the bus, with confirms.

use std::sync::Arc;
use std::time::Duration;

use gateway_bus::{Bus, Publication, Refused};
use gateway_core::document::event::routing_key;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_sessions::CloudCache;
use gateway_store::StoredEvent;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::leadership::Leadership;
use crate::failures::ConsecutiveFailures;

/// Longest wait of a leader for its broker, before it lets another process try. Longer repeats fewer events; shorter
/// helps if only this process is cut off.
const BROKER_OUTAGE: Duration = Duration::from_secs(30);

/// Turns stored events into messages, and publishes them.
pub(super) struct Publisher {
    bus: Arc<dyn Bus>,
    clouds: CloudCache,
    failures: ConsecutiveFailures,
    /// Events that were skipped since the start.
    skipped: u64,
}

impl Publisher {
    pub(super) fn new(bus: Arc<dyn Bus>, clouds: CloudCache) -> Self {
        Self { bus, clouds, failures: ConsecutiveFailures::new("publishing events"), skipped: 0 }
    }

    /// Publishes one wave, and waits for its confirms while the leadership lasts.
    ///
    /// # Errors
    /// `LeaseLost` if another relay leads; Unavailable if the broker is away for too long.
    pub(super) async fn publish(
        &mut self,
        leadership: &mut Leadership,
        wave: &[StoredEvent],
        stop: &CancellationToken,
    ) -> Result<()> {
        let mut publications = Vec::with_capacity(wave.len());
        for event in wave {
            publications.extend(self.publication(event).await?);
        }
        let deadline = Instant::now() + BROKER_OUTAGE;
        loop {
            leadership.keep().await?;
            let late = || Error::unavailable("the broker did not confirm in time");
            let confirmed = timeout(leadership.left(), self.bus.publish(publications.clone())).await;
            match confirmed.unwrap_or_else(|_| Err(late())) {
                Ok(refused) => {
                    self.failures.clear();
                    self.skip(&refused);
                    return Ok(());
                }
                // Earlier waves are confirmed: a retry of this one keeps the order of every record.
                Err(error) => {
                    let wait = self.failures.record(&error);
                    let is_final = error.kind() != ErrorKind::Unavailable || Instant::now() > deadline;
                    if is_final || stop.run_until_cancelled(sleep(wait)).await.is_none() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Logs events that the bus refused alone. They stay in the log, where `/v1/events` shows them.
    fn skip(&mut self, refused: &[Refused]) {
        for Refused { id, reason } in refused {
            self.skipped += 1;
            tracing::error!(event = %id, reason, count = self.skipped, "an event cannot be published and is skipped");
        }
    }

    /// Returns the message of an event; `None` for one that cannot be rendered, so that it does not stop all others.
    async fn publication(&mut self, event: &StoredEvent) -> Result<Option<Publication>> {
        let cloud = match self.clouds.get(event.cloud).await {
            Ok(cloud) => cloud.spec.name.clone(),
            Err(error) if error.kind() == ErrorKind::NotFound => event.cloud.to_string(),
            Err(error) => return Err(error),
        };
        match render(event, &cloud, self.bus.max_event_bytes()) {
            Ok(publication) => Ok(Some(publication)),
            Err(error) => {
                self.skipped += 1;
                let count = self.skipped;
                tracing::error!(event = %event.id, error = %error.chain(), count, "an event cannot be rendered and is skipped");
                Ok(None)
            }
        }
    }
}

/// Renders an event. If it is larger than the bus takes, it has a link instead of its document.
fn render(event: &StoredEvent, cloud: &str, limit: usize) -> Result<Publication> {
    let mut body = event.render(cloud)?.to_string();
    if body.len() > limit && event.document.is_some() {
        body = event.without_document().render(cloud)?.to_string();
    }
    let routing_key = routing_key(event.holder, cloud, &event.region, &event.kind, &event.change);
    Ok(Publication { id: event.id, routing_key, body: body.into_bytes() })
}
