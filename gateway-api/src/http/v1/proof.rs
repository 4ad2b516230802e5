//! The proof of one credential: asked of its cloud, probed kind by kind, sealed and kept.

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
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::state::Api;

/// Probes of one credential at a time. More finish sooner; fewer are gentler to the account's budget.
const PROBES: usize = 8;

/// Why a credential was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// The cloud refused it.
    Refused,
    /// It is good, and may not even be proved with.
    Forbidden,
    /// The cloud's clock is too far off.
    ClockSkew,
    /// The cloud cannot be reached, or gave no answer that can be read.
    Unreachable,
    /// No cloud of that name is registered.
    UnknownCloud,
    /// Not of a form that the cloud takes.
    Invalid,
    /// The cloud sent us to a host that its registration does not allow.
    AddressRefused,
}

/// A credential that was not taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Rejected {
    /// The cloud that it was sent for.
    pub(super) cloud: String,
    /// Why, in a word.
    pub(super) reason: Reason,
    /// Why, in a sentence.
    pub(super) detail: String,
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Unauthorized => Self::Refused,
            ErrorKind::Forbidden => Self::Forbidden,
            ErrorKind::ClockSkew { .. } => Self::ClockSkew,
            ErrorKind::NotFound => Self::UnknownCloud,
            ErrorKind::Invalid | ErrorKind::Unsupported => Self::Invalid,
            ErrorKind::AddressRefused => Self::AddressRefused,
            _ => Self::Unreachable,
        }
    }
}

/// Proves one credential within `time` and keeps the grant.
pub(super) async fn prove(
    state: &Api,
    principal: PrincipalId,
    cloud: &str,
    credential: &str,
    time: Duration,
) -> Result<AccountId, Rejected> {
    let proof = async {
        let cloud = state.store.cloud_by_name(cloud).await?;
        let cloud =
            cloud.ok_or_else(|| Error::new(ErrorKind::NotFound, "no cloud of that name is registered"))?;
        Candidate::open(state, principal, cloud, credential)?.keep(state).await
    };
    let outcome = match tokio::time::timeout(time, proof).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::new(ErrorKind::Timeout, "the cloud gave no answer in time")),
    };
    outcome.map_err(|error| {
        tracing::info!(cloud, %principal, error = error.chain(), "a credential was not taken");
        Rejected { cloud: cloud.to_owned(), reason: Reason::from(&error), detail: error.message().to_owned() }
    })
}

/// A credential on its way to become a grant.
struct Candidate {
    principal: PrincipalId,
    cloud: Cloud,
    credential: Credential,
    driver: Arc<dyn Driver>,
    session: Arc<dyn Session>,
}

impl Candidate {
    fn open(state: &Api, principal: PrincipalId, cloud: Cloud, text: &str) -> Result<Self> {
        let credential = Credential::parse(text)?;
        let driver =
            state.drivers.get(&cloud.driver).cloned().ok_or_else(|| {
                Error::unavailable("this gateway was built without the driver of that cloud")
            })?;
        let session =
            driver.open(Arc::new(cloud.spec.clone()), credential.clone(), state.session_context.clone())?;
        Ok(Self { principal, cloud, credential, driver, session })
    }

    async fn keep(self, state: &Api) -> Result<AccountId> {
        let proof = self.session.prove().await?;
        let capability = self.driver.capability();
        let access = probe(&*self.session, &proof, capability).await?;
        let account = AccountId::derive(self.cloud.spec.id, &proof.external_id);
        let grant = Grant {
            principal: self.principal,
            cloud: self.cloud.spec.id,
            access,
            credential: self.seal(state, account).await?,
            proof,
            verify_after: state.verify_after,
        };
        state.store.grant_record(grant, capability).await
    }

    /// The credential for its place. One that is sent again keeps its id: listings by the same credential go
    /// on proving absence.
    async fn seal(&self, state: &Api, account: AccountId) -> Result<SealedCredential> {
        let (keyring, principal) = (state.keyring.get(), self.principal);
        let place = SealedCredential::associated_data(principal, account);
        let text = self.credential.to_sealable();
        if let Some(known) = state.store.credential_of(principal, account).await? {
            let opened = seal::open(&keyring, Purpose::Credential, &place, &known.sealed);
            if opened.is_ok_and(|opened| *opened == text.as_bytes()) {
                return Ok(known);
            }
        }
        let sealed = seal::seal(&keyring, Purpose::Credential, state.clock.now(), &place, text.as_bytes())?;
        Ok(SealedCredential { id: CredentialId::generate(), principal, account, sealed })
    }
}

/// Asks of every kind in every region whether the credential may list it.
async fn probe(session: &dyn Session, proof: &Proof, capability: &Capability) -> Result<Access> {
    let mut probes = Vec::with_capacity(proof.regions.len() * capability.kinds.len());
    for region in &proof.regions {
        for kind in capability.kinds {
            probes.push(may_list(session, region, kind.kind).boxed());
        }
    }
    let mut access = Access::default();
    let mut answers = stream::iter(probes).buffer_unordered(PROBES);
    while let Some((region, kind, allowed)) = answers.try_next().await? {
        if let Some(allowed) = allowed {
            access.set(region, kind, allowed);
        }
    }
    Ok(access)
}

/// `None` for what the region does not have.
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
            // Nobody knows: polling will show, and say so in the scope.
            _ => Some(true),
        },
    };
    Ok((region, kind, allowed))
}
