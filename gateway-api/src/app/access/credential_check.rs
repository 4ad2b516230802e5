//! The check of one credential: its cloud proves the account, each kind is probed, and the credential is sealed and stored
//! with its grant.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::Purpose;
use gateway_core::access::seal;
use gateway_core::driver::{Capability, Driver, Proof, Session};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{AccountId, CredentialId, PrincipalId, Region};
use gateway_store::{Access, Cloud, Grant, SealedCredential};

use crate::app::App;
use crate::app::error::{Rejection, RejectionReason};

/// Probes of one credential that run at once. More end sooner; fewer spare the account's budget.
const CONCURRENT_PROBES: usize = 8;

/// Checks one credential within `time` and stores its grant.
pub(super) async fn check_credential(
    app: &App,
    principal: PrincipalId,
    cloud: &str,
    credential: &str,
    time: Duration,
) -> Result<AccountId, Rejection> {
    let check = async {
        let registered = app.store.cloud_by_name(cloud).await?;
        let registered = registered
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no cloud of this name is registered"))?;
        Candidate::open(app, principal, registered, credential)?.store(app).await
    };
    let outcome = match tokio::time::timeout(time, check).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::new(ErrorKind::Timeout, "the cloud did not answer in time")),
    };
    outcome.map_err(|error| {
        tracing::info!(cloud, %principal, error = error.chain(), "credential rejected");
        let (reason, detail) = (RejectionReason::from(&error), error.message().to_owned());
        Rejection { cloud: cloud.to_owned(), reason, detail }
    })
}

/// A credential that may become a grant.
struct Candidate {
    principal: PrincipalId,
    cloud: Cloud,
    credential: Credential,
    driver: Arc<dyn Driver>,
    session: Arc<dyn Session>,
}

impl Candidate {
    fn open(app: &App, principal: PrincipalId, cloud: Cloud, text: &str) -> Result<Self> {
        let credential = Credential::parse(text)?;
        let driver =
            app.drivers.get(&cloud.driver).cloned().ok_or_else(|| {
                Error::unavailable("this gateway was built without the driver of the cloud")
            })?;
        let session =
            driver.open(Arc::new(cloud.spec.clone()), credential.clone(), app.session_context.clone())?;
        Ok(Self { principal, cloud, credential, driver, session })
    }

    /// Proves the account and stores the grant.
    async fn store(self, app: &App) -> Result<AccountId> {
        let proof = self.session.prove().await?;
        let capability = self.driver.capability();
        let access = probe(&*self.session, &proof, capability).await?;
        let account = AccountId::derive(self.cloud.spec.id, &proof.external_id);
        let grant = Grant {
            principal: self.principal,
            cloud: self.cloud.spec.id,
            access,
            credential: self.seal(app, account).await?,
            proof,
            verify_after: app.verify_after,
        };
        app.store.grant_record(grant, capability).await
    }

    /// Seals the credential. A credential that is sent again keeps its id, so that listings by it still prove absence.
    async fn seal(&self, app: &App, account: AccountId) -> Result<SealedCredential> {
        let (keyring, principal) = (app.keyring.get(), self.principal);
        let context = SealedCredential::associated_data(principal, account);
        let text = self.credential.to_sealable();
        if let Some(known) = app.store.credential_of(principal, account).await? {
            let opened = seal::open(&keyring, Purpose::Credential, &context, &known.sealed);
            if opened.is_ok_and(|opened| *opened == text.as_bytes()) {
                return Ok(known);
            }
        }
        let sealed = seal::seal(&keyring, Purpose::Credential, app.clock.now(), &context, text.as_bytes())?;
        Ok(SealedCredential { id: CredentialId::generate(), principal, account, sealed })
    }
}

/// Probes which kinds the credential may list in each region.
async fn probe(session: &dyn Session, proof: &Proof, capability: &Capability) -> Result<Access> {
    let mut probes = Vec::with_capacity(proof.regions.len() * capability.kinds.len());
    for region in &proof.regions {
        for kind in capability.kinds {
            probes.push(may_list(session, region, kind.kind).boxed());
        }
    }
    let mut access = Access::default();
    let mut answers = stream::iter(probes).buffer_unordered(CONCURRENT_PROBES);
    while let Some((region, kind, allowed)) = answers.try_next().await? {
        if let Some(allowed) = allowed {
            access.set(region, kind, allowed);
        }
    }
    Ok(access)
}

/// Returns whether a kind may be listed in a region; none if the region does not have the kind.
async fn may_list<'a>(
    session: &dyn Session,
    region: &'a Region,
    kind: Kind,
) -> Result<(&'a Region, Kind, Option<bool>)> {
    let allowed = match session.probe(region, kind).await {
        Ok(()) => Some(true),
        Err(error) => match error.kind() {
            ErrorKind::Forbidden => Some(false),
            ErrorKind::Unsupported => None,
            ErrorKind::ClockSkew { .. } => return Err(error),
            // The first listing will show it, and the scope will name the reason.
            _ => Some(true),
        },
    };
    Ok((region, kind, allowed))
}
