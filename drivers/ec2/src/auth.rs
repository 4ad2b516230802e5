//! The credential of a session: its access key, and the headers by which the key authorizes a request.

use driver_kit::{HeaderName, Request, header};
use gateway_core::access::credential::Credential;
use gateway_core::{Error, Result};

use crate::signature::{AccessKey, SigningScope, Unsigned, sign};

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Returns the access key of a credential.
///
/// # Errors
/// Invalid, when the credential has another form.
pub(crate) fn access_key(credential: Credential) -> Result<AccessKey> {
    match credential {
        Credential::AccessKey { access_key_id: id, secret_access_key: secret, session_token: token } => {
            Ok(AccessKey { id, secret, token })
        }
        other => {
            let message = format!("`{}` credentials do not work at EC2; use `access_key`", other.method());
            Err(Error::invalid(message))
        }
    }
}

/// Adds the headers that authorize a request: date, signature and session token.
///
/// # Errors
/// Invalid, when the URL has no host.
pub(crate) fn authorize(
    request: Request,
    key: &AccessKey,
    scope: SigningScope<'_>,
    unsigned: Unsigned<'_>,
) -> Result<Request> {
    let signed = sign(key, scope, unsigned)?;
    let request = request
        .header(DATE, signed.date.parse().map_err(Error::internal)?)
        .secret_header(header::AUTHORIZATION, &signed.authorization)?;
    match &key.token {
        Some(token) => request.secret_header(SESSION_TOKEN, token.expose()),
        None => Ok(request),
    }
}
