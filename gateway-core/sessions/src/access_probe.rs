//! The access of a credential, probed kind by kind; the same rule for a credential check and for the verification of a grant.

use futures_util::{FutureExt as _, StreamExt as _, stream};
use gateway_core::Kind;
use gateway_core::driver::{Capability, Proof, Session};
use gateway_core::error::{Error, ErrorKind};
use gateway_core::id::{AccountId, CloudId, Region};
use gateway_core::shares::{Breakers, CallKey};
use gateway_store::Access;
use tokio::time::{Instant, timeout_at};

/// Probes of one credential that run at once. More end sooner; fewer spare the account's budget.
const CONCURRENT_PROBES: usize = 8;

/// A credential whose access is probed.
#[derive(Clone, Copy)]
pub struct AccessProbe<'a> {
    /// The session of the credential.
    pub session: &'a dyn Session,
    /// The cloud.
    pub cloud: CloudId,
    /// The proof of the account, with its regions.
    pub proof: &'a Proof,
    /// The kinds of the driver.
    pub capability: &'a Capability,
    /// The access that the same credential had before; none for a new grant.
    pub known: Option<&'a Access>,
    /// The endpoints that do not answer, which are not asked.
    pub breakers: &'a Breakers,
    /// The end of the time for answers.
    pub until: Instant,
}

impl std::fmt::Debug for AccessProbe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessProbe").field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

impl AccessProbe<'_> {
    /// Asks for each kind in each region whether the credential may list it. A kind that a region lacks is left out. An
    /// error that is neither an answer nor a refusal leaves the kind as it was known before; in a new grant it is allowed,
    /// because the first listing shows it.
    pub async fn run(self) -> Access {
        let mut probes = Vec::with_capacity(self.proof.regions.len() * self.capability.kinds.len());
        for region in &self.proof.regions {
            for kind in self.capability.kinds {
                probes.push(self.may_list(region, kind.kind).boxed());
            }
        }
        let mut access = Access::default();
        let mut answers = stream::iter(probes).buffer_unordered(CONCURRENT_PROBES);
        while let Some((region, kind, allowed)) = answers.next().await {
            if let Some(allowed) = allowed {
                access.set(region, kind, allowed);
            }
        }
        access
    }

    /// Returns whether a kind may be listed in a region; none if the region does not have the kind.
    async fn may_list<'r>(&self, region: &'r Region, kind: Kind) -> (&'r Region, Kind, Option<bool>) {
        let allowed = match self.ask(region, kind).await {
            None => self.known_before(region, kind),
            Some(Ok(())) => Some(true),
            Some(Err(error)) => match error.kind() {
                ErrorKind::Forbidden => Some(false),
                ErrorKind::Unsupported => None,
                _ => {
                    tracing::debug!(cloud = %self.cloud, region = region.as_str(), kind = %kind,
                        error = error.chain(), "a kind could not be probed");
                    self.known_before(region, kind)
                }
            },
        };
        (region, kind, allowed)
    }

    /// Asks the cloud, unless the time is over or the region does not answer.
    async fn ask(&self, region: &Region, kind: Kind) -> Option<Result<(), Error>> {
        let account = AccountId::derive(self.cloud, &self.proof.external_id);
        let path = CallKey::for_account(self.cloud, region.clone(), account);
        let begun = Instant::now();
        if begun >= self.until || self.breakers.is_open(&path[0]) {
            return None;
        }
        let answer = timeout_at(self.until, self.session.probe(region, kind)).await.ok()?;
        self.breakers.record(&path, begun, &answer);
        Some(answer)
    }

    fn known_before(&self, region: &Region, kind: Kind) -> Option<bool> {
        match self.known.and_then(|known| known.0.get(region)) {
            Some(kinds) => kinds.get(&kind).copied(),
            None => Some(true),
        }
    }
}
