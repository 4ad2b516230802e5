//! AWS Signature Version 4, which proves that a request was made by the owner of a key, and when.

use gateway_core::secret::Secret;
use gateway_core::{Error, Result, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use url::{Position, Url};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Characters that are percent-encoded: all but the unreserved ones of RFC 3986.
pub(crate) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same within a path.
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'/');

/// An access key; a temporary one has a session token.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) token: Option<Secret>,
}

/// The scope in which a signature is valid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SigningScope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) time: Timestamp,
}

/// The parts of a request that the signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// The headers to send besides `Host`, `Content-Type` and the session token, which are signed too.
pub(crate) struct SignedHeaders {
    pub(crate) authorization: String,
    pub(crate) date: String,
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
    let to_sign = format!("{ALGORITHM}\n{date}\n{credential_scope}\n{}", sha256(canonical.as_bytes()));
    let signature = hex::encode(mac(&signing_key(key, day, scope), &to_sign));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{credential_scope}, SignedHeaders={signed_names}, Signature={signature}",
        key.id
    );
    Ok(SignedHeaders { authorization, date })
}

/// Returns the text that is signed, and the names of the headers in it.
fn canonical_request(request: Unsigned<'_>, date: &str, token: Option<&str>) -> Result<(String, String)> {
    // The HTTP client sends the port in `Host`, unless it is the scheme's default.
    let host = &request.url[Position::BeforeHost..Position::AfterPort];
    if host.is_empty() {
        return Err(Error::invalid("the endpoint has no host"));
    }
    // The signature requires the headers in the order of their names.
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
        // The path of the URL is encoded already. All services except S3 require that it is encoded twice.
        utf8_percent_encode(request.url.path(), ESCAPED_IN_PATH),
        canonical_query(request.url),
        sha256(request.body)
    );
    Ok((text, names))
}

fn canonical_query(url: &Url) -> String {
    let encode = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    let mut pairs: Vec<_> = url.query_pairs().map(|(name, value)| (encode(&name), encode(&value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn signing_key(key: &AccessKey, day: &str, scope: SigningScope<'_>) -> hmac::Key {
    let secret = Secret::new(format!("AWS4{}", key.secret.expose()));
    [day, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()), |key, part| {
            hmac::Key::new(hmac::HMAC_SHA256, &mac(&key, part))
        })
}

fn mac(key: &hmac::Key, text: &str) -> Vec<u8> {
    hmac::sign(key, text.as_bytes()).as_ref().to_vec()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// Returns the basic form of ISO 8601 without fractions, such as `20150830T123600Z`.
fn basic_date(time: Timestamp) -> String {
    let whole = Timestamp::from_seconds(time.seconds()).to_string();
    let digits: String = whole.chars().take(19).filter(|character| !"-:".contains(*character)).collect();
    format!("{digits}Z")
}

#[cfg(test)]
#[path = "signature_test.rs"]
mod tests;
