//! Grants are verified again and again, each with its own credential.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use gateway_bus::Nudge;
use gateway_core::driver::Proof;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::AccountId;
use gateway_store::{DueGrant, Grant, GrantChange};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::access::probe_access;
use crate::interval::spread;
use crate::poller::PollerContext;
use crate::trouble::Trouble;
use gateway_sessions::OpenSession;

/// How often grants that are due are looked for.
const TURN: Duration = Duration::from_secs(5);

/// Grants verified at once. Higher gets through more of them; lower leaves more of the clouds to listings.
const AT_ONCE: i64 = 8;

/// Longest that one verification may take: shorter than the store keeps it for us.
const PATIENCE: Duration = Duration::from_secs(90);

/// Wait after a verification that said nothing; with the jitter between one and five minutes.
const NO_ANSWER: Duration = Duration::from_secs(120);

/// Verifies grants that are due.
pub(crate) struct Verifier {
    shop: Arc<PollerContext>,
}

/// What the cloud said of a credential.
enum Statement {
    /// It is good; what it may list, if that could be found out.
    Good(Proof, OpenSession),
    /// It is not, or not for this account any more.
    Refused,
}

impl Verifier {
    pub(crate) fn new(shop: Arc<PollerContext>) -> Self {
        Self { shop }
    }

    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut trouble = Trouble::new("verifying grants", self.shop.seed());
        loop {
            let turn = stop.run_until_cancelled(self.turn());
            let wait = match turn.await {
                None => return,
                // More may wait than one turn takes.
                Some(Ok(count)) if count as i64 == AT_ONCE => Duration::ZERO,
                Some(Ok(_)) => {
                    trouble.over();
                    spread(TURN, self.shop.seed())
                }
                Some(Err(error)) => trouble.met(&error).max(TURN),
            };
            if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Verifies those that are due; returns how many that were.
    pub(crate) async fn turn(&self) -> Result<usize> {
        let due = self.shop.store.grants_due(AT_ONCE).await?;
        try_join_all(due.iter().map(|grant| self.verify(grant))).await?;
        Ok(due.len())
    }

    async fn verify(&self, due: &DueGrant) -> Result<()> {
        let credential = &due.credential;
        let late = || Error::new(ErrorKind::Timeout, "the verification took too long");
        let statement = timeout(PATIENCE, self.ask(due)).await.unwrap_or_else(|_| Err(late()));
        match statement {
            Ok(Statement::Good(proof, opened)) => self.renew(due, proof, &opened).await,
            Ok(Statement::Refused) => self.refused(due).await,
            Err(error) => {
                tracing::info!(account = %credential.account, error = %error.chain(), "a grant could not be verified");
                let wait = error.retry_after().unwrap_or_else(|| spread(NO_ANSWER, self.shop.seed()));
                let wait = wait.clamp(NO_ANSWER / 2, NO_ANSWER * 5 / 2);
                self.shop.store.grant_postponed(credential, wait).await
            }
        }
    }

    /// Only a refusal in so many words, or a proof of another account, is a statement against a grant.
    async fn ask(&self, due: &DueGrant) -> Result<Statement> {
        let opened = self.shop.sessions.open(due.cloud, &due.credential).await?;
        match opened.session.prove().await {
            Ok(proof) if AccountId::derive(due.cloud, &proof.external_id) == due.credential.account => {
                Ok(Statement::Good(proof, opened))
            }
            Ok(_) => Ok(Statement::Refused),
            Err(error) if error.kind() == ErrorKind::Unauthorized => Ok(Statement::Refused),
            Err(error) => Err(error),
        }
    }

    /// Keeps the grant, with what its credential may list by now.
    async fn renew(&self, due: &DueGrant, proof: Proof, opened: &OpenSession) -> Result<()> {
        let verify_after = Duration::from_secs(self.shop.config.verify_seconds);
        let verify_after = spread(verify_after, self.shop.seed());
        let probes = probe_access(&*opened.session, &proof, opened.capability);
        let access = match timeout(PATIENCE / 3, probes).await {
            Ok(Ok(access)) => access,
            // The credential is good; what it may list stays as it was found before.
            _ => return self.shop.store.grant_verified(&due.credential, verify_after).await,
        };
        let credential = due.credential.clone();
        let grant = Grant {
            principal: credential.principal,
            cloud: due.cloud,
            proof,
            access,
            credential,
            verify_after,
        };
        if self.shop.store.grant_renew(grant, opened.capability).await? {
            tracing::info!(account = %due.credential.account, "what a grant may list has changed");
            self.announce(due).await;
        }
        Ok(())
    }

    async fn refused(&self, due: &DueGrant) -> Result<()> {
        let credential = &due.credential;
        let (account, principal) = (credential.account, credential.principal);
        match self.shop.store.grant_refused(credential).await? {
            GrantChange::Kept => {}
            GrantChange::Doubted => tracing::info!(%account, %principal, "a credential was refused once"),
            GrantChange::Ended => {
                tracing::info!(%account, %principal, "a credential was refused twice: its grant has ended");
                self.shop.sessions.forget(credential.id);
                self.announce(due).await;
            }
        }
        Ok(())
    }

    async fn announce(&self, due: &DueGrant) {
        let principal = due.credential.principal;
        for nudge in [Nudge::Authority { principal }, Nudge::TargetsDue, Nudge::EventsWaiting] {
            self.shop.bus.nudge(nudge).await;
        }
    }
}
