//! Commands of compute, volume and image kinds, carried out by a real cloud.

mod image;
mod image_upload;
mod instance;
mod quota;
mod ssh_key;
mod volume;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver_openstack::OpenStack;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Driver as _, Known, ListScope, References, Session, Step, Touched};
use gateway_core::error::Result;
use gateway_core::id::{OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::Api;
use crate::{CLOUD, auth_url, everything, session, spec};

/// The prefix of every created name.
pub(crate) const PREFIX: &str = "gateway-verbs";

/// The number of reads, half a second apart, until a resource must have a state.
const ATTEMPTS: usize = 240;

/// A user whose commands are sent as the gateway sends them: named resources are read before, touched ones after.
pub(crate) struct Runner {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) region: Region,
    pub(crate) api: Arc<Api>,
    auth_url: String,
    seen: Mutex<BTreeMap<ResourceId, Known>>,
}

/// Returns a new marker.
pub(crate) fn marker() -> Marker {
    Marker { operation: OperationId::generate(), ordinal: 1 }
}

/// Runs a test with these users, and deletes what it created, whatever its outcome.
pub(crate) async fn with_runners<const N: usize, W>(users: [&str; N], work: impl FnOnce([Runner; N]) -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    driver_kit::install_crypto();
    // One login each: Keystone needs a third of a second of processor time for one.
    let admin = Api::login(&auth_url, "admin").await;
    let (mut apis, mut runners) = (Vec::new(), Vec::new());
    for user in users {
        let api = Arc::new(Api::login(&auth_url, user).await);
        clean_up(&admin, &api).await;
        runners.push(Runner::of(&auth_url, user, Arc::clone(&api)).await);
        apis.push(api);
    }
    let runners: [Runner; N] = runners.try_into().ok().unwrap();
    // In a task, a panic does not skip the cleanup.
    let outcome = tokio::spawn(work(runners)).await;
    for api in apis {
        clean_up(&admin, &api).await;
    }
    outcome.unwrap();
}

/// Deletes what has the prefix, dependants first.
async fn clean_up(admin: &Api, api: &Api) {
    for (path, key) in [
        ("compute/servers", "servers"),
        ("volume/snapshots", "snapshots"),
        ("volume/volumes", "volumes"),
        ("image/images", "images"),
        ("compute/os-keypairs", "keypairs"),
    ] {
        let listed = api.get(path).await;
        let all = listed[key].as_array().unwrap().iter().map(|one| one.get("keypair").unwrap_or(one));
        for one in all.filter(|one| one["name"].as_str().is_some_and(|name| name.starts_with(PREFIX))) {
            let id = one["id"].as_str().or(one["name"].as_str()).unwrap();
            let path = format!("{path}/{id}");
            if key == "servers" {
                let unlock = json!({ "unlock": null });
                admin.try_call(Method::POST, &format!("{path}/action"), Some(unlock)).await;
            }
            assert!(api.remove(&path).await, "left behind: {path}");
        }
    }
}

impl Runner {
    async fn of(auth_url: &str, user: &str, api: Arc<Api>) -> Self {
        let session = session(auth_url, user, user, 1000);
        let region = session.prove().await.unwrap().regions[0].clone();
        Self { session, region, api, auth_url: auth_url.to_owned(), seen: Mutex::default() }
    }

    /// Reads a resource, with its possible verbs.
    pub(crate) async fn get(&self, kind: Kind, native_key: &str) -> Option<Observed> {
        let mut found = self.session.get(&self.region, kind, native_key).await.unwrap()?;
        found.allow(OpenStack.capability().verbs(kind));
        Some(found)
    }

    /// Reads a resource, and returns its id for commands that name it.
    pub(crate) async fn id(&self, kind: Kind, native_key: &str) -> ResourceId {
        let found = self.get(kind, native_key).await.unwrap_or_else(|| panic!("no {kind} {native_key}"));
        self.note(found)
    }

    /// Returns the id of an existing resource by its name.
    pub(crate) async fn id_of_name(&self, kind: Kind, name: &str) -> ResourceId {
        for scope in [ListScope::Own, ListScope::Published] {
            if scope == ListScope::Published && !matches!(kind, Kind::Image | Kind::VolumeType) {
                continue;
            }
            let all = everything(&*self.session, &self.region, kind, scope).await;
            if let Some(found) = all.into_iter().find(|item| item.name == name) {
                return self.note(found);
            }
        }
        panic!("no {kind} is called {name}")
    }

    fn note(&self, found: Observed) -> ResourceId {
        let id = spec(&self.auth_url, 1000).resource_id(&self.region, found.kind, &found.native_key);
        let known = Known {
            id,
            kind: found.kind,
            document: found.document(),
            native_key: found.native_key,
            external_id: found.external_id,
            name: found.name,
        };
        self.seen.lock().unwrap().insert(id, known);
        id
    }

    /// Parses a command as the gateway does.
    pub(crate) fn read(&self, kind: Kind, verb: Verb, command: Value) -> (Command, References) {
        let spec = kind.spec().verb(verb).unwrap();
        let names = spec.names.iter().flat_map(|named| named.pointers(&command));
        let named = names.map(|(_, id)| {
            let id: ResourceId = id.parse().unwrap();
            (id, self.seen.lock().unwrap()[&id].clone())
        });
        let named = References(named.collect());
        (Command::read(spec, command).unwrap(), named)
    }

    /// Sends a create.
    pub(crate) async fn create(&self, kind: Kind, marker: Marker, command: Value) -> Result<Done> {
        self.send(kind, Verb::Create, marker, None, command).await
    }

    /// Sends a command on a resource whose document allows it.
    pub(crate) async fn command(&self, kind: Kind, key: &str, verb: Verb, command: Value) -> Result<Done> {
        let target = self.get(kind, key).await.unwrap_or_else(|| panic!("no {kind} {key}"));
        assert!(target.actions.contains(&verb), "{verb} is not among {:?}", target.actions);
        self.send_anyway(kind, key, verb, command).await
    }

    /// Sends a command whether the document allows it or not.
    pub(crate) async fn send_anyway(
        &self,
        kind: Kind,
        key: &str,
        verb: Verb,
        command: Value,
    ) -> Result<Done> {
        let target = self.known(kind, key).await;
        self.send(kind, verb, marker(), Some(&target), command).await
    }

    /// Reads a resource as the gateway stores it.
    pub(crate) async fn known(&self, kind: Kind, key: &str) -> Known {
        let id = self.id(kind, key).await;
        self.seen.lock().unwrap()[&id].clone()
    }

    pub(crate) async fn send(
        &self,
        kind: Kind,
        verb: Verb,
        marker: Marker,
        target: Option<&Known>,
        command: Value,
    ) -> Result<Done> {
        let (command, named) = self.read(kind, verb, command);
        let step = Step { kind, verb, command: &command, target, named: &named, marker };
        assert_eq!(self.session.validate(&step), [], "{kind} {verb}");
        let done = self.session.act(&self.region, &step).await?;
        assert!(done.request_id.as_ref().is_some_and(|id| id.starts_with("req-")), "{done:?}");
        for touched in &done.touched {
            // The gateway reads each touched resource.
            self.session.get(&self.region, touched.kind, &touched.native_key).await.unwrap();
        }
        Ok(done)
    }

    /// Finds what an earlier create made.
    pub(crate) async fn find(&self, kind: Kind, marker: Marker, command: Value) -> Option<Touched> {
        self.find_created_by(kind, Verb::Create, marker, command).await
    }

    pub(crate) async fn find_created_by(
        &self,
        kind: Kind,
        verb: Verb,
        marker: Marker,
        command: Value,
    ) -> Option<Touched> {
        let (command, named) = self.read(kind, verb, command);
        let step = Step { kind, verb, command: &command, target: None, named: &named, marker };
        self.session.find(&self.region, &step).await.unwrap()
    }

    /// Waits until a resource has that state and no running task.
    pub(crate) async fn wait_for_state(&self, kind: Kind, key: &str, state: &str) -> Observed {
        let is_reached = |found: &Option<Observed>| {
            let found = found.as_ref();
            found.is_some_and(|found| {
                found.state == Some(state) && found.raw["OS-EXT-STS:task_state"].is_null()
            })
        };
        self.until(kind, key, is_reached).await.unwrap()
    }

    /// Waits until the resource is gone. Nova shows an instance for a moment after its end.
    pub(crate) async fn wait_until_gone(&self, kind: Kind, key: &str) {
        self.until(kind, key, Option::is_none).await;
    }

    async fn until(
        &self,
        kind: Kind,
        key: &str,
        is_reached: impl Fn(&Option<Observed>) -> bool,
    ) -> Option<Observed> {
        let mut found = None;
        for _ in 0..ATTEMPTS {
            found = self.get(kind, key).await;
            if is_reached(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{kind} {key} does not reach the expected state: {found:?}");
    }

    /// Deletes a resource, and waits until it is gone.
    pub(crate) async fn delete_and_wait(&self, kind: Kind, key: &str) {
        self.command(kind, key, Verb::Delete, Value::Null).await.unwrap();
        self.wait_until_gone(kind, key).await;
    }
}

/// Returns the native key of the created resource.
pub(crate) fn created_key(done: &Done) -> String {
    done.touched[0].native_key.clone()
}

/// Returns the touched resources, as `kind key`.
pub(crate) fn touched(done: &Done) -> Vec<String> {
    done.touched.iter().map(|touched| format!("{} {}", touched.kind, touched.native_key)).collect()
}
