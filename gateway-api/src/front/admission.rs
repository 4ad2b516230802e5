//! The authentication of a request before anything is held for it.

use axum::http::HeaderMap;
use gateway_core::access::token::{self, Refusal};
use gateway_core::id::PrincipalId;

use super::context::FrontContext;
use super::peer::Peer;
use super::refusal_log::Reason;
use super::slots::ShareKey;
use crate::http::bearer::scheme;
use crate::http::client::id_and_secret;
use crate::http::problem::Problem;
use crate::routes::Authentication;

/// The identity of a request, as far as a front can verify it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity {
    /// The principal of a valid token.
    Principal(PrincipalId),
    /// The client that a request names. A handler verifies its secret.
    Client(PrincipalId),
    /// The operation requires no identity.
    Anyone,
}

impl Identity {
    /// Returns the party whose share the request uses.
    pub(super) fn share_key(self, peer: Peer) -> ShareKey {
        match self {
            Self::Principal(principal) => ShareKey::Principal(principal),
            // A client that is only claimed could be another one in each request.
            Self::Client(_) | Self::Anyone => ShareKey::Peer(peer),
        }
    }
}

/// Refuses a request without valid authentication of the required form. Handlers check it again with the store.
pub(super) fn authenticate(
    context: &FrontContext,
    required: Authentication,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Identity, Problem> {
    let missing = || Problem::unauthenticated(required);
    match required {
        Authentication::Anyone => Ok(Identity::Anyone),
        Authentication::Basic => {
            let (client, _) = id_and_secret(headers).ok_or_else(missing)?;
            Ok(Identity::Client(client))
        }
        Authentication::Bearer => {
            let token = scheme(headers, "bearer").ok_or_else(missing)?;
            match token::verify(&context.keyring(), token, context.now()) {
                Ok(claims) => Ok(Identity::Principal(claims.sub)),
                Err(refusal) => {
                    // Tokens of well-behaved clients expire.
                    if refusal != Refusal::Expired {
                        context.refusals.record(peer, Reason::WrongToken);
                    }
                    Err(Problem::token_refused(refusal))
                }
            }
        }
    }
}
