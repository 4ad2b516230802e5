//! The verification of one grant: the cloud is asked about its credential, and the answer is recorded.

use std::time::Duration;

use gateway_bus::Nudge;
use gateway_core::driver::Proof;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{AccountId, Holder};
use gateway_core::shares::{CallKey, Endpoint};
use gateway_sessions::{AccessProbe, OpenSession};
use gateway_store::{DueGrant, Grant, GrantChange};
use tokio::time::{Instant, timeout};

use super::Verifier;
use crate::instruments;
use crate::interval::spread;

/// Time limit of one verification. It must be shorter than the time for which the store reserves the grant.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// Wait after a verification without an answer; it is between half of this and two and a half times this.
const NO_ANSWER: Duration = Duration::from_secs(120);

/// The cloud's answer about a credential.
enum Verdict {
    /// The credential is valid for its account.
    Valid(Proof, OpenSession),
    /// The credential was refused, or belongs to another account now.
    Refused,
}

impl Verifier {
    /// Verifies a grant that was claimed.
    pub(super) async fn verify(&self, due: &DueGrant) -> Result<()> {
        instruments::verification_began(due.late);
        let (credential, begun) = (&due.credential, Instant::now());
        let late = || Error::new(ErrorKind::Timeout, "the verification took too long");
        let verdict = timeout(TIME_LIMIT, self.prove(due)).await.unwrap_or_else(|_| Err(late()));
        let path = CallKey::for_holder(Endpoint::of_identity(due.cloud), Holder::Account(credential.account));
        self.context.breakers.record(&path, begun, &verdict);
        instruments::verification_ended(match &verdict {
            Ok(Verdict::Valid(..)) => "valid",
            Ok(Verdict::Refused) => "refused",
            Err(_) => "no_answer",
        });
        match verdict {
            Ok(Verdict::Valid(proof, session)) => self.renew(due, proof, &session).await,
            Ok(Verdict::Refused) => self.record_refusal(due).await,
            Err(error) => {
                tracing::info!(cloud = %due.cloud, account = %credential.account,
                    principal = %credential.principal, error = %error.chain(), "a grant could not be verified");
                let wait = error.retry_after().unwrap_or_else(|| spread(NO_ANSWER));
                let wait = wait.clamp(NO_ANSWER / 2, NO_ANSWER * 5 / 2);
                self.context.store.grant_postponed(credential, wait).await
            }
        }
    }

    /// Asks the cloud about a credential. Only an explicit refusal, or a proof of another account, counts against the
    /// grant.
    async fn prove(&self, due: &DueGrant) -> Result<Verdict> {
        let session = self.context.sessions.open(due.cloud, &due.credential).await?;
        match session.session.prove().await {
            Ok(proof) if AccountId::derive(due.cloud, &proof.external_id) == due.credential.account => {
                Ok(Verdict::Valid(proof, session))
            }
            Ok(_) => Ok(Verdict::Refused),
            Err(error) if error.kind() == ErrorKind::Unauthorized => Ok(Verdict::Refused),
            Err(error) => Err(error),
        }
    }

    /// Renews the grant, with the kinds that its credential may list now.
    async fn renew(&self, due: &DueGrant, proof: Proof, session: &OpenSession) -> Result<()> {
        let verify_after = spread(Duration::from_secs(self.context.config.verify_seconds));
        let known = self.context.store.grant_access(&due.credential).await?;
        let probe = AccessProbe {
            session: &*session.session,
            cloud: due.cloud,
            proof: &proof,
            capability: session.capability,
            known: known.as_ref(),
            breakers: &self.context.breakers,
            until: Instant::now() + TIME_LIMIT / 3,
        };
        let access = probe.run().await;
        let credential = due.credential.clone();
        let (principal, account) = (credential.principal, credential.account);
        let grant = Grant { principal, cloud: due.cloud, proof, access, credential, verify_after };
        if self.context.store.grant_renew(grant, session.capability).await? {
            tracing::info!(cloud = %due.cloud, %account, %principal, "the access of a grant has changed");
            self.announce(due).await;
        }
        Ok(())
    }

    async fn record_refusal(&self, due: &DueGrant) -> Result<()> {
        let credential = &due.credential;
        let (cloud, account, principal) = (due.cloud, credential.account, credential.principal);
        // Also of a credential that belongs to another account now: its token is not one of this account.
        self.context.sessions.forget(credential.id);
        match self.context.store.grant_refused(credential).await? {
            GrantChange::Kept => {}
            GrantChange::Doubted => {
                tracing::info!(%cloud, %account, %principal, "a credential was refused once");
            }
            GrantChange::Ended => {
                tracing::info!(%cloud, %account, %principal, "a grant ended after two refusals");
                self.announce(due).await;
            }
        }
        Ok(())
    }

    async fn announce(&self, due: &DueGrant) {
        let principal = due.credential.principal;
        for nudge in [Nudge::Authority { principal }, Nudge::TargetsDue, Nudge::EventsWaiting] {
            self.context.bus.nudge(nudge).await;
        }
    }
}
