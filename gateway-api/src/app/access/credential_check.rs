//! The check of one credential: its cloud proves the account, each kind is probed, and the credential is sealed and stored
//! with its grant.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::access::credential::Credential;
use gateway_core::access::keyring::Purpose;
use gateway_core::access::seal;
use gateway_core::driver::{CloudSpec, Driver, OwnToken, Proof, Session, SessionContext, TokenKeeper as _};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{AccountId, CredentialId, PrincipalId};
use gateway_core::shares::{CallKey, Endpoint, Slot};
use gateway_sessions::{AccessProbe, UnprovenBudget, prove};
use gateway_store::{Access, Cloud, Grant, SealedCredential};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::app::error::{Rejection, RejectionReason, shortened};

/// Part of the time of a check, as a divisor, in which it may wait for a slot. A higher divisor leaves more of the time for
/// the cloud; a lower one refuses fewer checks while many wait.
const WAIT_DIVISOR: u32 = 3;

/// Time without an answer after which a check that ends is evidence against its cloud, unless the cloud's own limit is
/// shorter. A higher value lets more checks wait in vain for a cloud that hangs; a lower one takes a slow cloud for one.
const SILENCE: Duration = Duration::from_secs(20);

/// A credential as a client sends it.
#[derive(Clone, Copy)]
pub(crate) struct SentCredential<'a> {
    /// The name of the cloud.
    pub(crate) cloud: &'a str,
    /// The credential as JSON.
    pub(crate) credential: &'a str,
}

/// Checks one credential until a moment and stores its grant. `registered` is the cloud of the name, if there is one.
pub(super) async fn check_credential(
    app: &App,
    principal: PrincipalId,
    sent: SentCredential<'_>,
    registered: Option<&Cloud>,
    until: Instant,
) -> Result<AccountId, Rejection> {
    let cloud = shortened(sent.cloud);
    let check = async {
        let registered = registered
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no cloud of this name is registered"))?;
        Candidate::open(app, principal, registered.clone(), sent.credential)?.check(app, until).await
    };
    let outcome = match timeout_at(until, check).await {
        Ok(outcome) => outcome,
        Err(_) => Err(late().into()),
    };
    outcome.map_err(|Refusal { reason, error }| {
        tracing::info!(%cloud, %principal, error = error.chain(), "credential rejected");
        Rejection { cloud: cloud.into_owned(), reason, detail: error.message().to_owned() }
    })
}

/// The reason why a credential is not accepted.
struct Refusal {
    reason: RejectionReason,
    error: Error,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { reason: RejectionReason::from(&error), error }
    }
}

fn late() -> Error {
    Error::new(ErrorKind::Timeout, "the cloud did not answer in time")
}

/// A credential that may become a grant.
struct Candidate {
    principal: PrincipalId,
    cloud: Cloud,
    credential: Credential,
    driver: Arc<dyn Driver>,
    session: Arc<dyn Session>,
    spec: Arc<CloudSpec>,
    budget: Arc<UnprovenBudget>,
    tokens: Arc<OwnToken>,
}

impl Candidate {
    fn open(app: &App, principal: PrincipalId, cloud: Cloud, text: &str) -> Result<Self> {
        let credential = Credential::parse(text)?;
        let driver =
            app.drivers.get(&cloud.driver).cloned().ok_or_else(|| {
                Error::unavailable("this gateway was built without the driver of the cloud")
            })?;
        let (budget, tokens) = (Arc::<UnprovenBudget>::default(), Arc::<OwnToken>::default());
        let context = SessionContext {
            pacer: Arc::clone(&budget) as _,
            tokens: Some(Arc::clone(&tokens) as _),
            ..app.session_context.clone()
        };
        let spec = Arc::new(cloud.spec.clone());
        let session = driver.open(Arc::clone(&spec), credential.clone(), context)?;
        Ok(Self { principal, cloud, credential, driver, session, spec, budget, tokens })
    }

    /// Proves the account, probes the access and stores the grant.
    async fn check(self, app: &App, until: Instant) -> Result<AccountId, Refusal> {
        let cloud = self.cloud.spec.id;
        let path = CallKey::for_principal(Endpoint::of_identity(cloud), self.principal);
        let slot = take_slot(app, &path, until).await?;
        let proof = self.prove(app, &path, until).await?;
        let account = AccountId::derive(cloud, &proof.external_id);
        let budget = app.operations.join_budget(account, &self.cloud.spec).await?;
        self.budget.bind(&budget);
        let credential = self.seal(app, account).await?;
        let known = app.store.grant_access(&credential).await?;
        let probe = self.probe(app, &proof, known.as_ref(), until);
        let access = app.operations.within_budget(account, &budget, probe).await;
        app.operations.share_pause(account, &budget).await;
        drop(slot);
        let (principal, verify_after, id) = (self.principal, app.verify_after, credential.id);
        let grant = Grant { principal, cloud, access, credential, proof, verify_after };
        let account = app.store.grant_record(grant, self.driver.capability()).await?;
        if let Some(token) = self.tokens.get() {
            app.operations.adopt_token(id, &self.spec, token);
        }
        Ok(account)
    }

    /// Asks the cloud to prove the account.
    async fn prove(&self, app: &App, path: &[CallKey], until: Instant) -> Result<Proof> {
        let begun = Instant::now();
        let proof = timeout_at(until, prove(&*self.session, self.cloud.spec.id)).await;
        // A caller with little time is no evidence against the cloud.
        let is_evidence = proof.is_ok() || begun.elapsed() >= self.cloud.spec.timeout.min(SILENCE);
        let proof = proof.unwrap_or_else(|_| Err(late()));
        if is_evidence {
            app.shares.breakers.record(path, begun, &proof);
        }
        proof
    }

    /// Probes the access. Some time is left for the kinds that do not answer to be stored as they were known.
    async fn probe(&self, app: &App, proof: &Proof, known: Option<&Access>, until: Instant) -> Access {
        let now = Instant::now();
        let probe = AccessProbe {
            session: &*self.session,
            cloud: self.cloud.spec.id,
            proof,
            capability: self.driver.capability(),
            known,
            breakers: &app.shares.breakers,
            until: now + until.saturating_duration_since(now) / 4 * 3,
        };
        probe.run().await
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

/// Takes the slot of a check.
async fn take_slot(app: &App, path: &[CallKey; 2], until: Instant) -> Result<Slot<CallKey>, Refusal> {
    let wait = until.saturating_duration_since(Instant::now()) / WAIT_DIVISOR;
    app.shares.checks.take(path, wait).await.map_err(|refused| {
        let (reason, message) = match path.iter().any(|key| app.shares.breakers.is_open(key)) {
            true => {
                (RejectionReason::Unreachable, "the cloud does not answer, and another check is trying it")
            }
            false => (
                RejectionReason::Overloaded,
                "no slot for a check at this cloud became free; send it again later",
            ),
        };
        Refusal { reason, error: Error::unavailable(message).with_source(refused) }
    })
}
