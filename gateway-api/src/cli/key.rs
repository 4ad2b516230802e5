//! `gateway key`: the keyring.

use std::path::Path;

use clap::{Subcommand, ValueEnum};
use gateway_core::access::keyring::{ACTIVATION_DELAY, Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_store::SealedCredential;

use super::output;
use super::setting::Setting;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Generate a keyring file with a key for each purpose. All processes of a gateway share it.
    Generate,
    /// List the keys without their secrets.
    List,
    /// Add a key that becomes active a minute later. Older keys stay valid.
    Rotate {
        /// Purpose of the key.
        purpose: PurposeName,
    },
    /// Remove a key. Everything that it signed or sealed becomes invalid.
    Retire {
        /// Id of the key, from `list`.
        kid: String,
    },
    /// Seal every stored cloud credential again with the newest key, before the old key is retired.
    Reseal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum PurposeName {
    /// Signs client tokens.
    Token,
    /// Seals secrets in envelopes between front and handler.
    Bus,
    /// Seals cloud credentials at rest.
    Credential,
}

impl From<PurposeName> for Purpose {
    fn from(name: PurposeName) -> Self {
        match name {
            PurposeName::Token => Self::Token,
            PurposeName::Bus => Self::Bus,
            PurposeName::Credential => Self::Credential,
        }
    }
}

/// Credentials on one page. A larger page takes more memory, a smaller one more statements.
const PAGE: i64 = 500;

impl Key {
    pub(super) async fn run(self, setting: Setting) -> Result<()> {
        let file = Path::new(&setting.config.keyring.file);
        let now = setting.clock.now();
        match self {
            Self::Generate => {
                if file.exists() {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        format!("`{}` exists already", file.display()),
                    ));
                }
                setting.ensure_keyring()?;
                output::line(&format!("generated {}", file.display()));
            }
            Self::List => {
                let keyring = setting.keyring()?.get();
                let row = |key: &gateway_core::access::keyring::Key| {
                    let active = keyring.active(key.purpose, now).is_ok_and(|active| active.kid == key.kid);
                    let role = if active { "signs and seals" } else { "verifies and opens" };
                    vec![
                        key.kid.clone(),
                        format!("{:?}", key.purpose).to_lowercase(),
                        key.active_from.to_string(),
                        role.to_owned(),
                    ]
                };
                output::table(
                    &["KID", "PURPOSE", "ACTIVE_FROM", "ROLE"],
                    &keyring.keys().iter().map(row).collect::<Vec<_>>(),
                );
            }
            Self::Rotate { purpose } => {
                let mut keyring = Keyring::load(file)?;
                let kid = keyring.rotate(purpose.into(), now)?;
                keyring.save(file)?;
                output::line(&format!("key {kid} becomes active in {} s", ACTIVATION_DELAY.as_secs()));
            }
            Self::Retire { kid } => {
                let mut keyring = Keyring::load(file)?;
                keyring.retire(&kid, now)?;
                keyring.save(file)?;
                output::line(&format!("key {kid} is retired"));
            }
            Self::Reseal => reseal(&setting).await?,
        }
        Ok(())
    }
}

async fn reseal(setting: &Setting) -> Result<()> {
    let (store, keyring, now) =
        (setting.migrated_store().await?, setting.keyring()?.get(), setting.clock.now());
    let newest = keyring.active(Purpose::Credential, now)?.kid.clone();
    let (mut after, mut resealed, mut failed) = (None, 0, 0);
    loop {
        let page = store.credential_page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for credential in page.iter().filter(|credential| seal::kid(&credential.sealed) != Some(&newest)) {
            let place = SealedCredential::associated_data(credential.principal, credential.account);
            match seal::open(&keyring, Purpose::Credential, &place, &credential.sealed) {
                Ok(plain) => {
                    let sealed = seal::seal(&keyring, Purpose::Credential, now, &place, &plain)?;
                    resealed +=
                        u64::from(store.credential_reseal(credential.id, &credential.sealed, &sealed).await?);
                }
                Err(error) => {
                    failed += 1;
                    tracing::warn!(credential = %credential.id, error = error.chain(), "credential cannot be opened");
                }
            }
        }
    }
    output::line(&format!("resealed {resealed} under key {newest}"));
    match failed {
        0 => Ok(()),
        n => Err(Error::invalid(format!(
            "{n} credentials could not be opened, because the keys that sealed them are missing"
        ))),
    }
}
