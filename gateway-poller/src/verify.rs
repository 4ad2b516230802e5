//! Verification of grants, each with its own credential, again and again.

mod verification;

use std::sync::Arc;
use std::time::Duration;

use gateway_core::error::{Error, Result};
use gateway_core::id::Holder;
use gateway_core::shares::{CallSlots, Endpoint};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::context::PollerContext;
use crate::failures::ConsecutiveFailures;
use crate::interval::spread;

/// Wait between two looks for due grants. Shorter verifies sooner; longer asks the database less often.
const TURN: Duration = Duration::from_secs(5);

/// Grants verified at once; those of one cloud take half of them. Higher verifies more of them; lower leaves more of the
/// clouds to listings.
const SLOTS: usize = 16;

/// Verifies due grants. Each takes a slot by the identity service of its cloud and its account, so that a cloud that hangs
/// delays its own grants only.
pub(crate) struct Verifier {
    context: Arc<PollerContext>,
    slots: CallSlots,
}

impl Verifier {
    pub(crate) fn new(context: Arc<PollerContext>) -> Arc<Self> {
        let slots = CallSlots::new("verifications", SLOTS, Arc::clone(&context.breakers));
        Arc::new(Self { context, slots })
    }

    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let (mut failures, mut running) = (ConsecutiveFailures::new("verifying grants"), JoinSet::new());
        while !stop.is_cancelled() {
            let wait = match stop.run_until_cancelled(self.fill_slots(&mut running)).await {
                None => return,
                Some(Ok(())) => spread(TURN),
                Some(Err(error)) => failures.record(&error).max(TURN),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = running.join_next() => match ended {
                    Ok(Ok(())) => failures.clear(),
                    Ok(Err(error)) => drop(failures.record(&error)),
                    // The claim ends, and the grant is verified again.
                    Err(panic) => drop(failures.record(&Error::internal(panic))),
                },
                () = sleep(wait) => {}
            }
        }
    }

    /// Verifies the grants that are due and have a slot, once; returns their number.
    pub(crate) async fn verify_due(self: Arc<Self>) -> Result<usize> {
        let mut running = JoinSet::new();
        self.fill_slots(&mut running).await?;
        let count = running.len();
        while let Some(ended) = running.join_next().await {
            ended.map_err(Error::internal)??;
        }
        Ok(count)
    }

    /// Starts verifications of due grants while there are slots.
    async fn fill_slots(self: &Arc<Self>, running: &mut JoinSet<Result<()>>) -> Result<()> {
        loop {
            let free = self.slots.free();
            if free == 0 {
                return Ok(());
            }
            let due = self.context.store.grants_due(free, self.slots.capacity()).await?;
            if due.is_empty() {
                return Ok(());
            }
            for grant in due {
                let account = Holder::Account(grant.credential.account);
                let slot = self.slots.take(Endpoint::of_identity(grant.cloud), account);
                let this = Arc::clone(self);
                running.spawn(async move {
                    let verified = this.verify(&grant).await;
                    drop(slot);
                    verified
                });
            }
        }
    }
}
