//! Verification of grants, each with its own credential, again and again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use gateway_bus::Nudge;
use gateway_core::driver::Proof;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::AccountId;
use gateway_core::shares::Breakers;
use gateway_sessions::{AccessProbe, OpenSession};
use gateway_store::{DueGrant, Grant, GrantChange};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::context::PollerContext;
use crate::failures::ConsecutiveFailures;
use crate::instruments;
use crate::interval::spread;

/// Wait between two looks for due grants. Shorter verifies sooner; longer asks the database less often.
const TURN: Duration = Duration::from_secs(5);

/// Grants verified at once. Higher verifies more of them; lower leaves more of the clouds to listings.
const BATCH: i64 = 8;

/// Time limit of one verification. It must be shorter than the time for which the store reserves the grant.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// Wait after a verification without an answer; it is between half of this and two and a half times this.
const NO_ANSWER: Duration = Duration::from_secs(120);

/// Verifies due grants.
pub(crate) struct Verifier {
    context: Arc<PollerContext>,
}

/// The cloud's answer about a credential.
enum Verdict {
    /// The credential is valid for its account.
    Valid(Proof, OpenSession),
    /// The credential was refused, or belongs to another account now.
    Refused,
}

impl Verifier {
    pub(crate) fn new(context: Arc<PollerContext>) -> Self {
        Self { context }
    }

    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut failures = ConsecutiveFailures::new("verifying grants");
        loop {
            let turn = stop.run_until_cancelled(self.verify_due());
            let wait = match turn.await {
                None => return,
                // More may be due than one turn takes.
                Some(Ok(count)) if count as i64 == BATCH => Duration::ZERO,
                Some(Ok(_)) => {
                    failures.clear();
                    spread(TURN)
                }
                Some(Err(error)) => failures.record(&error).max(TURN),
            };
            if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Verifies the grants that are due, up to a batch; returns their number.
    pub(crate) async fn verify_due(&self) -> Result<usize> {
        let due = self.context.store.grants_due(BATCH).await?;
        try_join_all(due.iter().map(|grant| self.verify(grant))).await?;
        Ok(due.len())
    }

    async fn verify(&self, due: &DueGrant) -> Result<()> {
        instruments::verification_began(due.late);
        let credential = &due.credential;
        let late = || Error::new(ErrorKind::Timeout, "the verification took too long");
        let verdict = timeout(TIME_LIMIT, self.prove(due)).await.unwrap_or_else(|_| Err(late()));
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
            breakers: &Breakers::default(),
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
        match self.context.store.grant_refused(credential).await? {
            GrantChange::Kept => {}
            GrantChange::Doubted => {
                tracing::info!(%cloud, %account, %principal, "a credential was refused once");
            }
            GrantChange::Ended => {
                tracing::info!(%cloud, %account, %principal, "a grant ended after two refusals");
                self.context.sessions.forget(credential.id);
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
