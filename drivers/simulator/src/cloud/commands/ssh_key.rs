//! Creation of SSH keys: imported or generated.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Deserialize;

use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::Body;
use crate::cloud::tables::table::TableKey;

const ED25519: &str = "ssh-ed25519";

/// Names of public keys, with the cloud's types.
const KEY_TYPES: [(&str, &str); 5] = [
    (ED25519, "ed25519"),
    ("ssh-rsa", "rsa"),
    ("ecdsa-sha2-nistp256", "ecdsa"),
    ("ecdsa-sha2-nistp384", "ecdsa"),
    ("ecdsa-sha2-nistp521", "ecdsa"),
];

/// Characters of one line of a private key.
const LINE: usize = 70;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSshKey {
    /// Public key; a pair is generated without it.
    public_key: Option<String>,
}

/// Returns the key, and the private key if one was generated.
pub(crate) fn create(
    tables: &Tables,
    table: TableKey,
    name: &str,
    request: CreateSshKey,
) -> Result<(Body, Option<String>), Refusal> {
    if tables.records(table).after(None).any(|(_, record)| record.name == name) {
        return Err(Refusal::new(
            http::StatusCode::CONFLICT,
            "duplicate",
            "the account has a key of that name",
        ));
    }
    tables.check_quota(table, "keys", 1)?;
    match request.public_key {
        Some(public_key) => {
            let (key_type, blob) =
                read(&public_key).ok_or_else(|| Refusal::invalid("`public_key` is not a public key"))?;
            Ok((body(key_type, public_key, &blob), None))
        }
        None => {
            let (public, private_key) = pair(name).ok_or_else(|| {
                Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, "no_key", "no key could be generated")
            })?;
            let public_key = format!("{ED25519} {}", STANDARD.encode(&public));
            Ok((body("ed25519", public_key, &public), Some(private_key)))
        }
    }
}

fn body(key_type: &'static str, public_key: String, blob: &[u8]) -> Body {
    let fingerprint = format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, blob)));
    Body::SshKey { key_type: key_type.into(), public_key, fingerprint }
}

/// Parses a public key: its type and its bytes, which must name the same type.
fn read(public_key: &str) -> Option<(&'static str, Vec<u8>)> {
    let mut parts = public_key.split_whitespace();
    let (called, blob) = (parts.next()?, STANDARD.decode(parts.next()?).ok()?);
    let (word, key_type) = KEY_TYPES.into_iter().find(|(word, _)| *word == called)?;
    blob.starts_with(&length_prefixed(word.as_bytes())).then_some((key_type, blob))
}

/// Generates a pair: the encoded public key, and the file of the private key.
fn pair(name: &str) -> Option<(Vec<u8>, String)> {
    let mut seed = [0; 32];
    let random = SystemRandom::new();
    random.fill(&mut seed).ok()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
    let key = pair.public_key().as_ref();
    let public = [length_prefixed(ED25519.as_bytes()), length_prefixed(key)].concat();
    let mut check = [0; 4];
    random.fill(&mut check).ok()?;
    let private_key = [&seed[..], key].concat();
    let mut secret =
        [&check[..], &check[..], &public, &length_prefixed(&private_key), &length_prefixed(name.as_bytes())]
            .concat();
    // The padding counts up to a multiple of eight bytes.
    for padding in 1.. {
        if secret.len() % 8 == 0 {
            break;
        }
        secret.push(padding);
    }
    let none = length_prefixed(b"none");
    let begin_move = 1_u32.to_be_bytes();
    let file = [
        b"openssh-key-v1\0".as_slice(),
        &none,
        &none,
        &length_prefixed(b""),
        &begin_move,
        &length_prefixed(&public),
        &length_prefixed(&secret),
    ];
    Some((public, pem(&STANDARD.encode(file.concat()))))
}

fn pem(encoded: &str) -> String {
    let mut file = "-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned();
    for line in encoded.as_bytes().chunks(LINE) {
        file.extend(line.iter().map(|letter| char::from(*letter)));
        file.push('\n');
    }
    file + "-----END OPENSSH PRIVATE KEY-----\n"
}

/// Returns bytes after their length, the encoding of keys.
fn length_prefixed(bytes: &[u8]) -> Vec<u8> {
    let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&count[..], bytes].concat()
}
