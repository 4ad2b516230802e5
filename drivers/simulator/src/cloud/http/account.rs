//! The account of a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::cloud::http::shared::Cloud;
use crate::cloud::refusal::Refusal;

/// Number of the account whose token came with the request.
pub(crate) struct Account(pub(crate) usize);

impl FromRequestParts<Arc<Cloud>> for Account {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Refusal> {
        let header = parts.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        token.and_then(|token| cloud.account_of_token(token)).map(Self).ok_or_else(Refusal::unauthorized)
    }
}
