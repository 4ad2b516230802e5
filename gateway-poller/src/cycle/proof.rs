//! Direct reads of single records: proof of absence without a second listing.

use std::collections::HashSet;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::ResourceId;
use gateway_store::{Applied, Sighting};

use super::leased_target::LeasedTarget;

/// The answers to direct reads.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Records that the cloud does not have, or that belong to another target now.
    pub(super) gone: HashSet<ResourceId>,
    /// Records that the cloud has, though its listing lacked them; already applied.
    pub(super) present: HashSet<ResourceId>,
    /// The changes written.
    pub(super) applied: Applied,
}

/// Reads each record from the cloud. A record without a clear answer is in neither set.
pub(super) async fn read_each(target: &mut LeasedTarget<'_>, ids: Vec<ResourceId>) -> Result<Answers> {
    let mut answers = Answers::default();
    let (claimed, session) = (&target.claim.target, &target.session.session);
    let keys = target.context.store.native_keys(claimed.id, ids).await?;
    for (id, key) in keys {
        // The read is newer than the listing and replaces what the listing showed.
        let as_of = target.context.store.now().await?;
        let read = session.get(&claimed.scope.region, claimed.kind, &key);
        match target.call(read).await? {
            Ok(Some(observed)) if belongs(target.capability, target.list_scope(), &observed) => {
                answers.present.insert(id);
                let sighting = Sighting::Present(Box::new(observed));
                answers.applied += target.apply(as_of, vec![sighting]).await?;
            }
            Ok(_) => {
                answers.gone.insert(id);
            }
            Err(error) => {
                tracing::debug!(resource = %id, error = %error.chain(), "a missing record could not be read");
                // The other reads would fail alike, and cost the account's budget.
                if error.retry_after().is_some() || error.kind() == ErrorKind::Unauthorized {
                    break;
                }
            }
        }
    }
    Ok(answers)
}

/// Returns whether a listing of that scope would show the record. A record that was published or withdrawn belongs to
/// another target now.
fn belongs(capability: &KindCapability, scope: ListScope, observed: &Observed) -> bool {
    let is_public = observed.visibility == Visibility::Public;
    match scope {
        ListScope::Published => is_public,
        ListScope::Own => !(is_public && capability.published),
    }
}
