//! The check of a client's credentials, which ends with a token for all its grants.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use gateway_bus::Nudge;
use gateway_core::Timestamp;
use gateway_core::id::{AccountId, PrincipalId};
use gateway_core::secret::Secret;
use gateway_store::{Client, Cloud, Granted};
use tokio::time::Instant;

use super::credential_check::{SentCredential, check_credential};
use crate::app::error::Rejection;
use crate::app::{App, Error, Result};

/// Credentials of one request that are checked at once at one cloud. More end sooner; fewer leave more of the cloud's share
/// to other clients.
const CONCURRENCY: usize = 8;

/// Part of the time of a request that is kept for its answer, so that one slow cloud does not cost the whole answer.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// Time of a request without a deadline.
const DEFAULT_TIME: Duration = Duration::from_secs(60);

/// Grants that an answer names. At least the credentials of one request; more make each answer larger.
const NAMED_GRANTS: usize = 100;

/// The result of a check that accepted at least one credential, or renewed grants.
#[derive(Debug)]
pub(crate) struct CheckedCredentials {
    pub(crate) token: Secret,
    pub(crate) expires_at: Timestamp,
    /// Grants of the client: those that were just proven, then others in the order of `/v1/accounts`.
    pub(crate) grants: Vec<Granted>,
    /// The number of all grants of the client.
    pub(crate) granted: usize,
    pub(crate) rejected: Vec<Rejection>,
}

impl App {
    /// Checks the credentials of a client and issues a token for its grants; no credentials renew them.
    pub(crate) async fn check_credentials(
        &self,
        client: &Client,
        sent: &[SentCredential<'_>],
        deadline: Option<Timestamp>,
    ) -> Result<CheckedCredentials> {
        let left = deadline.map_or(DEFAULT_TIME, |deadline| deadline.since(self.clock.now()));
        let until = Instant::now() + left.saturating_sub(ANSWER_TIME).max(ANSWER_TIME);
        // All clouds at once, so that names of none cost no statements.
        let clouds = if sent.is_empty() { Vec::new() } else { self.store.cloud_list().await? };
        let outcomes = check_all(self, client.id, sent, &clouds, until).await;
        let (accepted, rejected): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        let rejected: Vec<_> = rejected.into_iter().filter_map(Result::err).collect();
        if !accepted.is_empty() {
            self.authority_changed(client.id).await;
            self.bus.nudge(Nudge::TargetsDue).await;
            self.bus.nudge(Nudge::EventsWaiting).await;
        } else if !rejected.is_empty() {
            return Err(Error::CredentialsRejected(rejected));
        }
        let proven = accepted.into_iter().filter_map(Result::ok).collect();
        let grants = self.named_grants(client.id, proven).await?;
        if grants.is_empty() {
            return Err(Error::NothingToRenew);
        }
        let granted = self.store.grant_count(client.id).await?;
        let (token, expires_at) = self.issue_token(client)?;
        Ok(CheckedCredentials { token, expires_at, grants, granted, rejected })
    }

    async fn named_grants(
        &self,
        principal: PrincipalId,
        proven: BTreeSet<AccountId>,
    ) -> Result<Vec<Granted>> {
        let mut named = self.store.grants_of(principal, proven.iter().copied().collect()).await?;
        let mut others = self.store.grant_list(principal, None, NAMED_GRANTS).await?;
        others.retain(|grant| !proven.contains(&grant.account.id));
        named.extend(others);
        named.truncate(NAMED_GRANTS);
        Ok(named)
    }
}

/// Checks credentials and returns the outcomes in the order of the credentials. Those of one cloud wait for each other, and
/// for no other cloud.
async fn check_all(
    app: &App,
    principal: PrincipalId,
    sent: &[SentCredential<'_>],
    registered: &[Cloud],
    until: Instant,
) -> Vec<Result<AccountId, Rejection>> {
    let mut clouds = BTreeMap::<&str, Vec<_>>::new();
    for (position, sent) in sent.iter().enumerate() {
        let cloud = registered.iter().find(|cloud| cloud.spec.name == sent.cloud);
        let check = async move { (position, check_credential(app, principal, *sent, cloud, until).await) };
        clouds.entry(sent.cloud).or_default().push(check.boxed());
    }
    let of_cloud = |checks| stream::iter(checks).buffer_unordered(CONCURRENCY).collect::<Vec<_>>();
    let mut outcomes = join_all(clouds.into_values().map(of_cloud)).await.concat();
    outcomes.sort_by_key(|(position, _)| *position);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
