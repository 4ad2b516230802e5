//! Logins: credentials of clouds for a token.

use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::secret::Secret;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::client::Client;
use crate::problem::Rejected;

/// The answer to a login.
#[derive(Debug, Deserialize)]
pub struct Login {
    /// The token.
    pub token: Secret,
    /// The end of the token.
    pub expires_at: Timestamp,
    /// The accounts that the token gives access to, or the first of them.
    pub accounts: Vec<Account>,
    /// The number of all accounts of the token.
    pub account_summary: AccountSummary,
    /// The credentials that were refused.
    pub rejected: Vec<Rejected>,
}

/// All accounts of a token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AccountSummary {
    /// Their number.
    pub total: usize,
    /// The path that lists them page by page.
    pub link: String,
}

/// An account that a credential has proven.
#[derive(Debug, Deserialize, Serialize)]
pub struct Account {
    /// The id of the gateway.
    pub id: String,
    /// The name of the cloud.
    pub cloud: String,
    /// The cloud's own id.
    pub external_id: String,
    /// The cloud's own name.
    pub name: String,
}

impl Client {
    /// Proves credentials as a registered client. [`Login`] is the document of success.
    ///
    /// # Errors
    /// The gateway did not answer.
    pub async fn check_credentials(
        &self,
        client: &str,
        secret: &Secret,
        body: &impl Serialize,
    ) -> Result<Answer> {
        let request = self.request(Method::POST, "/v1/check_credentials");
        request.basic(client, secret).json(body).send().await
    }
}
