//! AWS Signature Version 4: what proves a request to be of the key's owner, and when it was made.

use gateway_core::access::credential::Credential;
use gateway_core::secret::Secret;
use gateway_core::{Error, Result, Timestamp};
use ring::{digest, hmac};
use url::{Position, Url};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A signing key pair, with the token that goes with temporary ones.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    id: String,
    secret: Secret,
    token: Option<Secret>,
}

impl AccessKey {
    /// Takes the pair out of a credential.
    ///
    /// # Errors
    /// Invalid, when the credential is of another form.
    pub(crate) fn from_credential(credential: Credential) -> Result<Self> {
        match credential {
            Credential::AccessKey { access_key_id: id, secret_access_key: secret, session_token: token } => {
                Ok(Self { id, secret, token })
            }
            other => Err(Error::invalid(format!("an EC2 cloud takes access_key, not {}", other.method()))),
        }
    }
}

/// For what a signature is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SigningScope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) time: Timestamp,
}

/// A request as far as the signature covers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// The headers to send beside `Host` and `Content-Type`, both of which are signed.
pub(crate) struct SignedHeaders {
    pub(crate) authorization: String,
    pub(crate) date: String,
    pub(crate) token: Option<Secret>,
}

/// Signs a request.
///
/// # Errors
/// Invalid, when the URL has no host.
pub(crate) fn sign(key: &AccessKey, scope: SigningScope<'_>, request: Unsigned<'_>) -> Result<SignedHeaders> {
    let date = basic_date(scope.time);
    let token = key.token.as_ref().map(Secret::expose);
    let (canonical, signed_names) = canonical_request(request, &date, token)?;
    let day = &date[..8];
    let credential_scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("{ALGORITHM}\n{date}\n{credential_scope}\n{}", sha256_hex(canonical.as_bytes()));
    let signature = hex(&mac(&signing_key(key, day, scope), &to_sign));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{credential_scope}, SignedHeaders={signed_names}, Signature={signature}",
        key.id
    );
    Ok(SignedHeaders { authorization, date, token: key.token.clone() })
}

/// The text that is signed, and the names of the headers in it.
fn canonical_request(request: Unsigned<'_>, date: &str, token: Option<&str>) -> Result<(String, String)> {
    // `Host` as the HTTP client sends it: with the port, unless that is the scheme's own.
    let host = &request.url[Position::BeforeHost..Position::AfterPort];
    if host.is_empty() {
        return Err(Error::invalid("the endpoint has no host"));
    }
    // In the order of names, as the signature wants them.
    let headers = [
        ("content-type", request.content_type),
        ("host", Some(host)),
        ("x-amz-date", Some(date)),
        ("x-amz-security-token", token),
    ];
    let present = || headers.iter().filter_map(|(name, value)| value.map(|value| (*name, value.trim())));
    let names = present().map(|(name, _)| name).collect::<Vec<_>>().join(";");
    let lines: String = present().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let text = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method,
        // The path as sent is encoded already and encoded once more: every service but S3 wants that.
        encode(request.url.path(), &['/']),
        canonical_query(request.url),
        sha256_hex(request.body)
    );
    Ok((text, names))
}

fn canonical_query(url: &Url) -> String {
    let mut pairs: Vec<_> =
        url.query_pairs().map(|(name, value)| (encode(&name, &[]), encode(&value, &[]))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encodes everything but RFC 3986's unreserved characters and those that are to be kept.
pub(crate) fn encode(text: &str, keep: &[char]) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len() + text.len() / 8);
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(character) || keep.contains(&character) {
            encoded.push(character);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn signing_key(key: &AccessKey, day: &str, scope: SigningScope<'_>) -> hmac::Key {
    let secret = zeroizing_prefix(&key.secret);
    [day, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()), |key, part| {
            hmac::Key::new(hmac::HMAC_SHA256, &mac(&key, part))
        })
}

fn zeroizing_prefix(secret: &Secret) -> Secret {
    Secret::new(format!("AWS4{}", secret.expose()))
}

fn mac(key: &hmac::Key, text: &str) -> Vec<u8> {
    hmac::sign(key, text.as_bytes()).as_ref().to_vec()
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// ISO 8601's basic form without fractions, such as `20150830T123600Z`.
fn basic_date(time: Timestamp) -> String {
    let whole = Timestamp::from_seconds(time.seconds()).to_string();
    let digits: String = whole.chars().take(19).filter(|character| !"-:".contains(*character)).collect();
    format!("{digits}Z")
}

#[cfg(test)]
#[path = "signature_test.rs"]
mod tests;
