//! The check of a client's credentials, which ends with a token for all its grants.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use gateway_bus::Nudge;
use gateway_core::Timestamp;
use gateway_core::secret::Secret;
use gateway_store::{Authority, Client};

use super::credential_check::check_credential;
use crate::app::error::Rejection;
use crate::app::{App, Error, Result};

/// Credentials of one request that are checked at once.
const CONCURRENCY: usize = 8;

/// Part of the time of a request that is kept for its answer, so that one slow cloud does not cost the whole answer.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// Time of a request without a deadline.
const DEFAULT_TIME: Duration = Duration::from_secs(60);

/// A credential as a client sends it.
#[derive(Clone, Copy)]
pub(crate) struct SentCredential<'a> {
    /// The name of the cloud.
    pub(crate) cloud: &'a str,
    /// The credential as JSON.
    pub(crate) credential: &'a str,
}

/// The result of a check that accepted at least one credential, or renewed grants.
#[derive(Debug)]
pub(crate) struct CheckedCredentials {
    pub(crate) token: Secret,
    pub(crate) expires_at: Timestamp,
    /// The client's access, with all its grants.
    pub(crate) authority: Arc<Authority>,
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
        let time = left.saturating_sub(ANSWER_TIME).max(ANSWER_TIME);
        let checks: Vec<_> = sent
            .iter()
            .map(|sent| check_credential(self, client.id, sent.cloud, sent.credential, time).boxed())
            .collect();
        let outcomes: Vec<_> = stream::iter(checks).buffered(CONCURRENCY).collect().await;
        let (accepted, rejected): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        let rejected: Vec<_> = rejected.into_iter().filter_map(Result::err).collect();
        if !accepted.is_empty() {
            self.authority_changed(client.id).await;
            self.bus.nudge(Nudge::TargetsDue).await;
            self.bus.nudge(Nudge::EventsWaiting).await;
        } else if !rejected.is_empty() {
            return Err(Error::CredentialsRejected(rejected));
        }
        let authority = self.store.authority(client.id).await?.ok_or(Error::ClientRefused)?;
        if authority.grants.is_empty() {
            return Err(Error::NothingToRenew);
        }
        let (token, expires_at) = self.issue_token(client)?;
        Ok(CheckedCredentials { token, expires_at, authority: Arc::new(authority), rejected })
    }
}
