//! Asking the cloud for single records: the proof that needs no second listing.

use std::collections::HashSet;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::ResourceId;
use gateway_store::{Applied, Sighting};

use crate::cycle::Cycle;
use crate::listing::{paused, scope_of};

/// What direct questions brought.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The cloud says that it does not have these, or that they are not of this target any more.
    pub(crate) gone: HashSet<ResourceId>,
    /// The cloud has these, whatever its listing said; they are applied already.
    pub(crate) there: HashSet<ResourceId>,
    /// What that wrote.
    pub(crate) applied: Applied,
}

impl Cycle<'_> {
    /// Asks for each; those without a clear answer are in neither set.
    pub(crate) async fn ask(&mut self, ids: Vec<ResourceId>) -> Result<Answers> {
        let mut answers = Answers::default();
        let target = &self.claim.target;
        let keys = self.shop.store.native_keys(target.id, ids).await?;
        for (id, key) in keys {
            // An answer is newer than the listing: what it shows replaces what the listing showed.
            let as_of = self.shop.store.now().await?;
            let opened = self.opened;
            let answer = async {
                tokio::select! {
                    biased;
                    answer = opened.session.get(&target.scope.region, target.kind, &key) => Ok(answer),
                    wait = opened.budget.long_pause() => Ok(Err(paused(wait))),
                }
            };
            match self.lease.keep(answer).await? {
                Ok(Some(seen)) if belongs(self.capability, scope_of(target.scope.holder), &seen) => {
                    answers.there.insert(id);
                    let sighting = Sighting::Present(Box::new(seen));
                    answers.applied += self.apply(as_of, vec![sighting]).await?;
                }
                Ok(_) => {
                    answers.gone.insert(id);
                }
                Err(error) => {
                    tracing::debug!(target = %target.id, error = %error.chain(), "no proof of absence");
                    // The others would end the same way, and cost the account's budget.
                    if error.retry_after().is_some() || error.kind() == ErrorKind::Unauthorized {
                        break;
                    }
                }
            }
        }
        Ok(answers)
    }
}

/// Whether a listing of that scope would show it: what was published or withdrawn moved to another target.
fn belongs(capability: &KindCapability, scope: ListScope, seen: &Observed) -> bool {
    let is_public = seen.visibility == Visibility::Public;
    match scope {
        ListScope::Published => is_public,
        ListScope::Own => !(is_public && capability.published),
    }
}
