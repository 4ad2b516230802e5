//! The composition root: the parts of each role, and the order in which they start and stop.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use driver_kit::SkewBoard;
use gateway_bus::Bus;
use gateway_core::Clock;
use gateway_core::driver::{Drivers, SessionContext, Unpaced};
use gateway_core::error::{Error, Result};
use gateway_core::id::ProcessId;
use gateway_core::shares::Breakers;
use gateway_poller::{Poller, PollerParts, Relay, RelayParts};
use gateway_sessions::TokenCache;
use gateway_store::Store;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::setting::Setting;
use super::{admin, output, signals};
use crate::admin::{Admin, Exporter};
use crate::app::{App, AppParts};
use crate::front::Front;
use crate::handler;
use crate::http;
use crate::keyring::KeyringHandle;

/// A role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Front,
    Handler,
    Poller,
    Relay,
}

impl Role {
    pub(super) const ALL: &'static [Self] = &[Self::Front, Self::Handler, Self::Poller, Self::Relay];

    const fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Handler => "handler",
            Self::Poller => "poller",
            Self::Relay => "relay",
        }
    }
}

/// Runs one role on database and broker servers.
pub(super) fn run_apart(file: Option<&Path>, role: Role) -> Result<()> {
    let setting = Setting::load(file)?;
    setting.config.require_servers(role.name())?;
    run(setting, std::slice::from_ref(&role), role.name())
}

/// Runs roles in this process until a signal.
pub(super) fn run(setting: Setting, roles: &[Role], name: &str) -> Result<()> {
    let roles = roles.to_vec();
    let alone = name == "up";
    output::block_on(async move {
        let stop = signals::stop_token()?;
        if alone {
            setting.ensure_keyring()?;
        }
        Process::open(setting, &roles, alone).await?.run(&roles, stop).await
    })
}

/// Parts that the roles of one process share.
struct Process {
    setting: Setting,
    id: ProcessId,
    bus: Arc<dyn Bus>,
    keyring: KeyringHandle,
    /// The store, unless the front is the only role.
    store: Option<Store>,
    drivers: Drivers,
    skew: Arc<SkewBoard>,
    breakers: Arc<Breakers>,
    tokens: Arc<TokenCache>,
    /// The reader of the metrics; none without an admin listener.
    exporter: Option<Exporter>,
}

impl Process {
    async fn open(setting: Setting, roles: &[Role], alone: bool) -> Result<Self> {
        // Pools and connections look up their series when they are made.
        let has_admin = !setting.config.admin.listen.is_empty();
        let exporter = has_admin.then(Exporter::install).transpose()?;
        let keyring = setting.keyring()?;
        let store = match roles.iter().any(|role| *role != Role::Front) {
            false => None,
            true if alone => {
                let store = setting.store()?;
                store.migrate().await?;
                Some(store)
            }
            true => Some(setting.migrated_store().await?),
        };
        let bus = gateway_bus::open(&setting.config.bus, Arc::clone(&setting.clock)).await?;
        let skew = Arc::new(SkewBoard::default());
        Ok(Self {
            id: ProcessId::generate(),
            bus,
            keyring,
            store,
            drivers: Setting::drivers(),
            skew,
            breakers: Arc::default(),
            tokens: Arc::default(),
            exporter,
            setting,
        })
    }

    /// Starts the roles, waits for a signal or a failure, and stops them. The front stops first, so that its requests
    /// in flight still find a handler.
    async fn run(self, roles: &[Role], stop: CancellationToken) -> Result<()> {
        let (stop_front, stop_others) = (stop.child_token(), CancellationToken::new());
        let (mut fronts, mut others) = (JoinSet::new(), JoinSet::new());
        let watch = tokio::spawn({
            let (keyring, stop) = (self.keyring.clone(), stop_others.clone());
            async move { keyring.watch(stop).await }
        });
        let admin = self.start_admin(roles, stop_others.clone()).await?;
        for role in roles {
            match role {
                Role::Front => {
                    let config = &self.setting.config.front;
                    let front =
                        Front::bind(config, Arc::clone(&self.bus), self.keyring.clone(), self.clock())
                            .await?;
                    tracing::info!("ready role=front url={}://{}", front.scheme(), front.address());
                    fronts.spawn(front.run(stop_front.clone()));
                }
                Role::Handler => {
                    let (api, config, stop) = (self.api()?, self.setting.config.clone(), stop_others.clone());
                    others.spawn(async move { handler::serve(api, &config, stop).await });
                    self.say_when_connected("handler");
                }
                Role::Poller => {
                    others.spawn(endless(self.poller()?.run(stop_others.clone())));
                    tracing::info!("ready role=poller");
                }
                Role::Relay => {
                    others.spawn(endless(self.relay()?.run(stop_others.clone())));
                    self.say_when_connected("relay");
                }
            }
        }
        let mut outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            Some(ended) = fronts.join_next() => ended.unwrap_or_else(|panic| Err(Error::internal(panic))),
            Some(ended) = others.join_next() => ended.unwrap_or_else(|panic| Err(Error::internal(panic))),
        };
        stop_front.cancel();
        outcome = outcome.and(join(fronts).await);
        stop_others.cancel();
        outcome = outcome.and(join(others).await);
        self.bus.close().await;
        // Neither has a result that matters while the process ends.
        let _ = watch.await;
        if let Some(admin) = admin {
            let _ = admin.await;
        }
        outcome
    }

    /// Starts the admin listener, if the configuration has one.
    async fn start_admin(&self, roles: &[Role], stop: CancellationToken) -> Result<Option<JoinHandle<()>>> {
        let Some(exporter) = self.exporter.clone() else { return Ok(None) };
        let mut parts = vec![admin::broker(Arc::clone(&self.bus))];
        parts.extend(self.store.clone().map(admin::database));
        if roles.contains(&Role::Front) {
            parts.push(admin::handler(Arc::clone(&self.bus), self.clock()));
        }
        let listener = Admin::bind(&self.setting.config.admin, exporter, parts).await?;
        tracing::info!("ready admin url=http://{}", listener.address());
        Ok(Some(tokio::spawn(listener.run(stop))))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.setting.clock)
    }

    fn store(&self) -> Result<Store> {
        self.store.clone().ok_or_else(|| Error::internal("this role was opened without a store"))
    }

    fn api(&self) -> Result<Arc<App>> {
        let link = SessionContext {
            clock: self.clock(),
            pacer: Arc::new(Unpaced),
            skew: self.skew.clone(),
            tokens: None,
        };
        let parts = AppParts::new(
            &self.setting.config,
            self.store()?,
            Arc::clone(&self.bus),
            self.keyring.clone(),
            self.drivers.clone(),
            link,
            http::ANSWER_STATUS,
        );
        let (breakers, tokens) = (Arc::clone(&self.breakers), Arc::clone(&self.tokens));
        Ok(App::new(AppParts { breakers, tokens, ..parts }))
    }

    fn poller(&self) -> Result<Poller> {
        let keyring = self.keyring.clone();
        Ok(Poller::new(PollerParts {
            store: self.store()?,
            bus: Arc::clone(&self.bus),
            drivers: self.drivers.clone(),
            keyring: Arc::new(move || keyring.get()),
            clock: self.clock(),
            skew: self.skew.clone(),
            breakers: Arc::clone(&self.breakers),
            tokens: Arc::clone(&self.tokens),
            config: self.setting.config.poller.clone(),
            process: self.id,
        }))
    }

    fn relay(&self) -> Result<Relay> {
        Ok(Relay::new(RelayParts {
            store: self.store()?,
            bus: Arc::clone(&self.bus),
            config: self.setting.config.relay.clone(),
            process: self.id,
        }))
    }

    /// Logs that a role is ready when the broker is connected. The test harness and scripts wait for this line.
    fn say_when_connected(&self, role: &'static str) {
        let bus = Arc::clone(&self.bus);
        tokio::spawn(async move {
            while !bus.is_connected() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tracing::info!("ready role={role}");
        });
    }
}

/// Wraps a role that handles all failures by itself and ends only when it is stopped.
async fn endless(role: impl Future<Output = ()>) -> Result<()> {
    role.await;
    Ok(())
}

async fn join(mut tasks: JoinSet<Result<()>>) -> Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        outcome = outcome.and(ended.unwrap_or_else(|panic| Err(Error::internal(panic))));
    }
    outcome
}
