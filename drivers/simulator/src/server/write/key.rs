//! Keys that clients import, or have made.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::body::Body;
use super::super::shelf::Place;
use super::super::world::World;

const ED25519: &str = "ssh-ed25519";

/// What keys are called, and the cloud's word for their form.
const FORMS: [(&str, &str); 5] = [
    (ED25519, "ed25519"),
    ("ssh-rsa", "rsa"),
    ("ecdsa-sha2-nistp256", "ecdsa"),
    ("ecdsa-sha2-nistp384", "ecdsa"),
    ("ecdsa-sha2-nistp521", "ecdsa"),
];

/// Letters of one line of a private key.
const LINE: usize = 70;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The public key; a pair is made when there is none.
    text: Option<String>,
}

/// The key, and the private half of one that was made.
pub(super) fn first_form(
    world: &World,
    place: Place,
    name: &str,
    wanted: Wanted,
) -> Result<(Body, Option<String>), Refusal> {
    if world.shelf(place).after(None).any(|(_, record)| record.name == name) {
        return Err(Refusal::new(http::StatusCode::CONFLICT, "duplicate", "there is a key of that name"));
    }
    world.afford(place, "keys", 1)?;
    match wanted.text {
        Some(text) => {
            let (form, blob) = read(&text).ok_or_else(|| Refusal::invalid("text is no public key"))?;
            Ok((body(form, text, &blob), None))
        }
        None => {
            let (public, private) = pair(name).ok_or_else(|| {
                Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, "no_key", "no key was made")
            })?;
            let text = format!("{ED25519} {}", STANDARD.encode(&public));
            Ok((body("ed25519", text, &public), Some(private)))
        }
    }
}

fn body(form: &'static str, text: String, blob: &[u8]) -> Body {
    let digest = format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, blob)));
    Body::SshKey { form: form.into(), text, digest }
}

/// A public key: its words say of which form it is, and so does what they encode.
fn read(text: &str) -> Option<(&'static str, Vec<u8>)> {
    let mut words = text.split_whitespace();
    let (called, blob) = (words.next()?, STANDARD.decode(words.next()?).ok()?);
    let (word, form) = FORMS.into_iter().find(|(word, _)| *word == called)?;
    blob.starts_with(&string(word.as_bytes())).then_some((form, blob))
}

/// A new pair: the public half as it is encoded, and the private half as a file.
fn pair(name: &str) -> Option<(Vec<u8>, String)> {
    let mut seed = [0; 32];
    let random = SystemRandom::new();
    random.fill(&mut seed).ok()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
    let key = pair.public_key().as_ref();
    let public = [string(ED25519.as_bytes()), string(key)].concat();
    let mut check = [0; 4];
    random.fill(&mut check).ok()?;
    let private = [&seed[..], key].concat();
    let mut secret = [&check[..], &check[..], &public, &string(&private), &string(name.as_bytes())].concat();
    // Filled up to blocks of eight by counting.
    for filling in 1.. {
        if secret.len() % 8 == 0 {
            break;
        }
        secret.push(filling);
    }
    let none = string(b"none");
    let one = 1_u32.to_be_bytes();
    let file = [
        b"openssh-key-v1\0".as_slice(),
        &none,
        &none,
        &string(b""),
        &one,
        &string(&public),
        &string(&secret),
    ];
    Some((public, in_lines(&STANDARD.encode(file.concat()))))
}

fn in_lines(encoded: &str) -> String {
    let mut file = "-----BEGIN OPENSSH PRIVATE KEY-----\n".to_owned();
    for line in encoded.as_bytes().chunks(LINE) {
        file.extend(line.iter().map(|letter| char::from(*letter)));
        file.push('\n');
    }
    file + "-----END OPENSSH PRIVATE KEY-----\n"
}

/// Bytes with their count before them, as keys are written.
fn string(bytes: &[u8]) -> Vec<u8> {
    let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&count[..], bytes].concat()
}
