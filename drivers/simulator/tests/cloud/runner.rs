//! The runner of driver tests: a simulated cloud, a session of the driver, and a client of the cloud's own API.

use std::sync::Arc;
use std::time::Duration;

use driver_simulator::cloud::AccountOption;
use driver_simulator::{RunningSimulator, Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Driver, Known, ListScope, References, Session, SessionContext, Step};
use gateway_core::id::{OperationId, Region};
use gateway_core::kind::{Command, Verb};
use gateway_core::marker::Marker;
use gateway_core::{ErrorKind, Kind, Result};
use serde_json::Value;

use crate::fixtures;
use crate::fixtures::cloud_client::CloudClient;

/// A simulated cloud with a session of the driver and a client of its own API.
pub(crate) struct Runner {
    pub(crate) simulator: RunningSimulator,
    pub(crate) session: Arc<dyn Session>,
    pub(crate) client: CloudClient,
}

impl Runner {
    pub(crate) async fn new() -> Self {
        let accounts =
            vec![AccountOption::new("demo", "demo-secret"), AccountOption::new("other", "other-secret")];
        let transit = Duration::from_millis(50);
        let options = SimulatorOptions { transit, accounts, ..SimulatorOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        let cloud = Arc::new(fixtures::registration(&simulator));
        let context = SessionContext::unpaced(Arc::new(SystemClock));
        let session = SimulatorDriver.open(cloud, fixtures::access_key("demo-secret"), context).unwrap();
        let client = CloudClient::of(&simulator, "demo").await;
        Self { simulator, session, client }
    }

    /// Returns an existing resource of a kind.
    pub(crate) async fn existing(&self, kind: Kind) -> Known {
        let capability = SimulatorDriver.capability().of(kind).unwrap();
        let scope = if capability.published { ListScope::Published } else { ListScope::Own };
        let page = self.session.list(&north(), kind, scope, None).await.unwrap();
        known(page.items.first().unwrap())
    }

    /// Executes a command.
    pub(crate) async fn act(
        &self,
        marker: Marker,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&Known>,
    ) -> Result<Done> {
        let (command, named) = self.read(kind, verb, command).await;
        let step = Step { kind, verb, command: &command, target, named: &named, marker };
        assert_eq!(self.session.validate(&step), []);
        self.session.act(&north(), &step).await
    }

    /// Parses a command and looks up the resources that it names.
    pub(crate) async fn read(&self, kind: Kind, verb: Verb, command: Value) -> (Command, References) {
        let spec = kind.spec().verb(verb).unwrap();
        let mut named = References::default();
        for name in spec.names {
            for (_, id) in name.pointers(&command) {
                for scope in [ListScope::Own, ListScope::Published] {
                    let Ok(page) = self.session.list(&north(), name.kind, scope, None).await else {
                        continue;
                    };
                    let found = page.items.iter().map(known).find(|known| known.id.to_string() == id);
                    named.0.extend(found.map(|known| (known.id, known)));
                }
            }
        }
        (Command::read(spec, command).unwrap(), named)
    }

    /// Reads the resources that a step has touched.
    pub(crate) async fn touched(&self, done: &Done) -> Vec<Option<Observed>> {
        let mut all = Vec::new();
        for touched in &done.touched {
            all.push(self.session.get(&north(), touched.kind, &touched.native_key).await.unwrap());
        }
        all
    }

    /// Waits until a resource has a state, or is absent for `None`.
    pub(crate) async fn until(&self, kind: Kind, key: &str, state: Option<&str>) -> Option<Observed> {
        for _ in 0..200 {
            let found = self.session.get(&north(), kind, key).await.unwrap();
            if found.as_ref().and_then(|found| found.state) == state {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{kind} {key} did not reach {state:?}");
    }

    /// Creates a resource and waits until it is in no transitional state.
    pub(crate) async fn create(&self, kind: Kind, command: Value) -> Known {
        let done = self.act(marker(), kind, Verb::Create, command, None).await.unwrap();
        let key = &done.touched[0].native_key;
        for _ in 0..200 {
            let found = self.session.get(&north(), kind, key).await.unwrap().unwrap();
            if !found.is_transitional() {
                return known(&found);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{kind} {key} stays in a transitional state");
    }

    /// Executes a command that must be refused; returns the kind of the error and the code of the cloud.
    pub(crate) async fn refuses(
        &self,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&Known>,
    ) -> (ErrorKind, String) {
        let error = self.act(marker(), kind, verb, command, target).await.unwrap_err();
        assert!(error.changed_nothing(), "{error:?}");
        (error.kind(), error.cloud().unwrap().code.clone())
    }

    /// Returns the numbers of instances, volumes and network interfaces.
    pub(crate) async fn counts(&self) -> Vec<Value> {
        let mut counts = Vec::new();
        for kind in [Kind::Instance, Kind::Volume, Kind::NetworkInterface] {
            counts.push(self.client.get(&format!("/control/count?kind={kind}")).await["count"].clone());
        }
        counts
    }

    /// Reads a resource again.
    pub(crate) async fn reread(&self, known: &Known) -> Observed {
        self.session.get(&north(), known.kind, &known.native_key).await.unwrap().unwrap()
    }
}

/// Returns the region of all tests.
pub(crate) fn north() -> Region {
    Region::new("north")
}

/// Returns a resource in the form of the store.
pub(crate) fn known(observed: &Observed) -> Known {
    Known {
        id: fixtures::registration_without_endpoint().resource_id(
            &north(),
            observed.kind,
            &observed.native_key,
        ),
        kind: observed.kind,
        native_key: observed.native_key.clone(),
        external_id: observed.external_id.clone(),
        name: observed.name.clone(),
        document: observed.document(),
    }
}

/// Returns a new marker.
pub(crate) fn marker() -> Marker {
    Marker { operation: OperationId::generate(), ordinal: 1 }
}
