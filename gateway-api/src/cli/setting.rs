//! Settings of commands and roles: configuration, clock, drivers, store and keyring.

use std::path::Path;
use std::sync::Arc;

use gateway_core::access::keyring::Keyring;
use gateway_core::clock::{Clock, SystemClock};
use gateway_core::config::Config;
use gateway_core::driver::Drivers;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::PrincipalId;
use gateway_store::{Client, Store};

use crate::keyring::KeyringHandle;

/// The loaded configuration and the clock.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
}

impl Setting {
    /// Reads file and environment, and starts the log.
    pub(super) fn load(file: Option<&Path>) -> Result<Self> {
        let config = Config::load(file, std::env::vars())?;
        config.log.start();
        Ok(Self { config, clock: Arc::new(SystemClock) })
    }

    /// Opens the store, which connects on first use.
    pub(super) fn store(&self) -> Result<Store> {
        Store::open(&self.config.database, Arc::clone(&self.clock))
    }

    /// Opens the store if its schema is up to date.
    pub(super) async fn migrated_store(&self) -> Result<Store> {
        let store = self.store()?;
        match store.pending_migrations().await?.0.as_slice() {
            [] => Ok(store),
            pending => Err(Error::new(
                ErrorKind::Conflict,
                format!("the database lacks {}; run `gateway migrate`", pending.join(", ")),
            )),
        }
    }

    /// Loads the keyring from the environment or the file.
    pub(super) fn keyring(&self) -> Result<KeyringHandle> {
        KeyringHandle::load(&self.config.keyring, std::env::var("GATEWAY_KEYRING").ok().as_deref())
    }

    /// Generates the keyring file if there is none. Only `gateway up` calls it, because other processes share theirs.
    pub(super) fn ensure_keyring(&self) -> Result<()> {
        let file = Path::new(&self.config.keyring.file);
        if std::env::var_os("GATEWAY_KEYRING").is_some() || file.exists() {
            return Ok(());
        }
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::invalid(format!("cannot create the folder `{}`: {error}", folder.display()))
            })?;
        }
        Keyring::generate(self.clock.now())?.save(file)
    }

    /// Returns the drivers of this build. No other code names them.
    pub(super) fn drivers() -> Drivers {
        Drivers::default()
            .with(driver_openstack::OpenStack)
            .with(driver_ec2::Ec2)
            .with(driver_simulator::SimulatorDriver)
    }
}

/// Finds a client by id or name.
pub(super) async fn find_client(store: &Store, id_or_name: &str) -> Result<Client> {
    let found = match id_or_name.parse::<PrincipalId>() {
        Ok(id) => store.client_get(id).await?,
        Err(_) => store.client_list().await?.into_iter().find(|client| client.name == id_or_name),
    };
    found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("there is no client with the id or name `{id_or_name}`"))
    })
}
