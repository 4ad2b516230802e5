//! What is ordered through the driver is done by the real cloud, and seen there.

mod content;
mod image;
mod instance;
mod key;
mod quota;
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

/// Begins the name of everything that is made here.
pub(crate) const NAME: &str = "gateway-verbs";

/// Half seconds that a thing may take to come to a state.
const SETTLED: usize = 240;

/// One user who orders as the gateway does: what an order names was seen before, and what it touched is looked at after.
pub(crate) struct Hand {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) region: Region,
    pub(crate) api: Api,
    auth_url: String,
    seen: Mutex<BTreeMap<ResourceId, Known>>,
}

/// A fresh marker.
pub(crate) fn marker() -> Marker {
    Marker { operation: OperationId::generate(), ordinal: 1 }
}

/// Does a test's work with these users; whatever comes of it, the cloud is left without what it made.
pub(crate) async fn with_hands<const N: usize, W>(users: [&str; N], work: impl FnOnce([Hand; N]) -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    let Some(auth_url) = auth_url() else { return };
    let _alone = CLOUD.lock().await;
    driver_kit::install_crypto();
    sweep(&auth_url, &users).await;
    let mut hands = Vec::new();
    for user in users {
        hands.push(Hand::of(&auth_url, user).await);
    }
    let hands: [Hand; N] = hands.try_into().ok().unwrap();
    // A task of its own, so that its panic ends here.
    let outcome = tokio::spawn(work(hands)).await;
    sweep(&auth_url, &users).await;
    outcome.unwrap();
}

/// Deletes what bears the name, each thing after what holds it.
async fn sweep(auth_url: &str, users: &[&str]) {
    let admin = Api::login(auth_url, "admin").await;
    for user in users {
        let api = Api::login(auth_url, user).await;
        for (path, query, key) in [
            ("compute/servers", "", "servers"),
            ("volume/snapshots", "", "snapshots"),
            ("volume/volumes", "", "volumes"),
            ("image/images", "", "images"),
            ("compute/os-keypairs", "", "keypairs"),
        ] {
            let listed = api.get(&format!("{path}{query}")).await;
            let all = listed[key].as_array().unwrap().iter().map(|one| one.get("keypair").unwrap_or(one));
            for one in all.filter(|one| one["name"].as_str().is_some_and(|name| name.starts_with(NAME))) {
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
}

impl Hand {
    async fn of(auth_url: &str, user: &str) -> Self {
        let session = session(auth_url, user, user, 1000);
        let region = session.prove().await.unwrap().regions[0].clone();
        let api = Api::login(auth_url, user).await;
        Self { session, region, api, auth_url: auth_url.to_owned(), seen: Mutex::default() }
    }

    /// What the cloud shows.
    pub(crate) async fn get(&self, kind: &str, native_key: &str) -> Option<Observed> {
        let kind = Kind::parse(kind).unwrap();
        let mut found = self.session.get(&self.region, kind, native_key).await.unwrap()?;
        found.allow(OpenStack.capability().verbs(kind));
        Some(found)
    }

    /// Notes what the cloud shows, for orders that name it: its id.
    pub(crate) async fn id(&self, kind: &str, native_key: &str) -> ResourceId {
        let found = self.get(kind, native_key).await.unwrap_or_else(|| panic!("no {kind} {native_key}"));
        self.note(found)
    }

    /// The same by name, for what is there already.
    pub(crate) async fn id_of_name(&self, kind: &str, name: &str) -> ResourceId {
        for scope in [ListScope::Own, ListScope::Published] {
            if scope == ListScope::Published && !matches!(kind, "image" | "volume_type") {
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

    /// Reads an order as the gateway does; what is wrong with it is a panic.
    pub(crate) fn read(&self, kind: &str, verb: Verb, command: Value) -> (Command, References) {
        let spec = Kind::parse(kind).unwrap().spec().verb(verb).unwrap();
        let names = spec.names.iter().flat_map(|named| named.pointers(&command));
        let named = names.map(|(_, id)| {
            let id: ResourceId = id.parse().unwrap();
            (id, self.seen.lock().unwrap()[&id].clone())
        });
        let named = References(named.collect());
        (Command::read(spec, command).unwrap(), named)
    }

    /// Orders something that makes one, and tells what it made.
    pub(crate) async fn create(&self, kind: &str, marker: Marker, command: Value) -> Result<Done> {
        self.send(kind, Verb::Create, marker, None, command).await
    }

    /// Orders something of a thing: the cloud must say that it may be done now.
    pub(crate) async fn command(&self, kind: &str, key: &str, verb: Verb, command: Value) -> Result<Done> {
        let target = self.get(kind, key).await.unwrap_or_else(|| panic!("no {kind} {key}"));
        assert!(target.actions.contains(&verb), "{verb} is not among {:?}", target.actions);
        self.order_anyway(kind, key, verb, command).await
    }

    /// The same where the document says that it may not.
    pub(crate) async fn order_anyway(
        &self,
        kind: &str,
        key: &str,
        verb: Verb,
        command: Value,
    ) -> Result<Done> {
        let target = self.known(kind, key).await;
        self.send(kind, verb, marker(), Some(&target), command).await
    }

    /// A thing as the gateway has it.
    pub(crate) async fn known(&self, kind: &str, key: &str) -> Known {
        let id = self.id(kind, key).await;
        self.seen.lock().unwrap()[&id].clone()
    }

    pub(crate) async fn send(
        &self,
        kind: &str,
        verb: Verb,
        marker: Marker,
        target: Option<&Known>,
        command: Value,
    ) -> Result<Done> {
        let (command, named) = self.read(kind, verb, command);
        let kind = Kind::parse(kind).unwrap();
        let step = Step { kind, verb, command: &command, target, named: &named, marker };
        assert_eq!(self.session.validate(&step), [], "{kind} {verb}");
        let done = self.session.act(&self.region, &step).await?;
        assert!(done.request_id.as_ref().is_some_and(|id| id.starts_with("req-")), "{done:?}");
        for touched in &done.touched {
            // The gateway does so for each; what it finds is another matter.
            self.session.get(&self.region, touched.kind, &touched.native_key).await.unwrap();
        }
        Ok(done)
    }

    /// What an earlier try of that order made.
    pub(crate) async fn find(&self, kind: &str, marker: Marker, command: Value) -> Option<Touched> {
        self.find_made_by(kind, Verb::Create, marker, command).await
    }

    pub(crate) async fn find_made_by(
        &self,
        kind: &str,
        verb: Verb,
        marker: Marker,
        command: Value,
    ) -> Option<Touched> {
        let (command, named) = self.read(kind, verb, command);
        let step = Step {
            kind: Kind::parse(kind).unwrap(),
            verb,
            command: &command,
            target: None,
            named: &named,
            marker,
        };
        self.session.find(&self.region, &step).await.unwrap()
    }

    /// Waits until a thing is in that state, and nothing is under way with it.
    pub(crate) async fn settle(&self, kind: &str, key: &str, state: &str) -> Observed {
        let is_so = |found: &Option<Observed>| {
            let found = found.as_ref();
            found.is_some_and(|found| {
                found.state == Some(state) && found.raw["OS-EXT-STS:task_state"].is_null()
            })
        };
        self.until(kind, key, is_so).await.unwrap()
    }

    /// Waits until the cloud no longer shows it.
    pub(crate) async fn gone(&self, kind: &str, key: &str) {
        self.until(kind, key, |found| found.as_ref().is_none_or(|found| found.state == Some("terminated")))
            .await;
    }

    async fn until(
        &self,
        kind: &str,
        key: &str,
        is_so: impl Fn(&Option<Observed>) -> bool,
    ) -> Option<Observed> {
        let mut found = None;
        for _ in 0..SETTLED {
            found = self.get(kind, key).await;
            if is_so(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{kind} {key} does not become as wanted: it is {found:?}");
    }

    /// Ends a thing, and waits until it is gone.
    pub(crate) async fn end(&self, kind: &str, key: &str) {
        self.command(kind, key, Verb::Delete, Value::Null).await.unwrap();
        self.gone(kind, key).await;
    }
}

/// Key of what an order made.
pub(crate) fn made(done: &Done) -> String {
    done.touched[0].native_key.clone()
}

/// What was touched, as `kind key`.
pub(crate) fn touched(done: &Done) -> Vec<String> {
    done.touched.iter().map(|touched| format!("{} {}", touched.kind, touched.native_key)).collect()
}
