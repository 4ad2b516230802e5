//! Puts orders to a session as the gateway does, and watches what becomes of every document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Known, ListScope, References, Session, Step, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::id::{OperationId, Region, ResourceId};
use gateway_core::kind::{Command, FieldError, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value};

use crate::{everything, password_of, session_with, spec};

/// All kinds whose documents an order to Neutron may change.
const WATCHED: [&str; 9] = [
    "network",
    "subnet",
    "network_interface",
    "router",
    "ip_address",
    "ip_address_binding",
    "security_group",
    "security_group_rule",
    "instance",
];

type Seen = BTreeMap<(String, String), Map<String, Value>>;

pub(super) struct Worker {
    session: Arc<dyn Session>,
    region: Region,
    auth_url: String,
    /// What orders may name.
    known: Mutex<BTreeMap<ResourceId, Known>>,
    /// Every watched document, if nothing was done since they were looked at.
    at_rest: Mutex<Option<Seen>>,
}

impl Worker {
    pub(super) async fn open(auth_url: &str, project: &str) -> Self {
        let session = session_with(auth_url, password_of("demo", "demo", project), 50);
        let region = session.prove().await.unwrap().regions[0].clone();
        Self {
            session,
            region,
            auth_url: auth_url.to_owned(),
            known: Mutex::default(),
            at_rest: Mutex::default(),
        }
    }

    pub(super) async fn get(&self, kind: &str, key: &str) -> Option<Observed> {
        self.session.get(&self.region, Kind::parse(kind).unwrap(), key).await.unwrap()
    }

    pub(super) async fn all(&self, kind: &str) -> Vec<Observed> {
        everything(&*self.session, &self.region, kind, ListScope::Own).await
    }

    /// A resource as the store would know it now.
    pub(super) async fn known(&self, kind: &str, key: &str) -> Known {
        let seen = self.get(kind, key).await.unwrap_or_else(|| panic!("no {kind} {key}"));
        let known = Known {
            id: spec(&self.auth_url, 1).resource_id(&self.region, seen.kind, &seen.native_key),
            kind: seen.kind,
            native_key: seen.native_key.clone(),
            external_id: seen.external_id.clone(),
            name: seen.name.clone(),
            document: seen.document(),
        };
        self.known.lock().unwrap().insert(known.id, known.clone());
        known
    }

    /// One order, with a marker of its own.
    pub(super) fn command<'a>(&'a self, kind: &str, verb: Verb, command: Value) -> Ordered<'a> {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        Ordered { worker: self, kind: Kind::parse(kind).unwrap(), verb, command, target: None, marker }
    }

    pub(super) fn on<'a>(&'a self, target: &Known, verb: Verb, command: Value) -> Ordered<'a> {
        Ordered { target: Some(target.clone()), ..self.command(target.kind.as_str(), verb, command) }
    }

    /// Makes one and tells it, having seen that it is as an order should leave it.
    pub(super) async fn make(&self, kind: &str, command: Value) -> Known {
        let ordered = self.command(kind, Verb::Create, command);
        let done = ordered.watched().await;
        let first = &done.touched[0];
        assert_eq!(first.kind.as_str(), kind);
        assert_eq!(ordered.find().await.unwrap().as_ref(), Some(first), "{kind} is not found again");
        let seen = self.get(kind, &first.native_key).await.unwrap();
        if kind != "ip_address_binding" {
            assert_eq!(seen.marker, Some(ordered.marker), "{kind}");
            assert!(
                seen.raw.to_string().contains(&ordered.marker.to_string()),
                "{kind}: on the cloud's side"
            );
        }
        assert!(!Value::Object(seen.document()).to_string().contains("gw-"), "{kind} shows its marker");
        self.known(kind, &first.native_key).await
    }

    /// Something was done besides the worker's own.
    pub(super) fn disturbed(&self) {
        *self.at_rest.lock().unwrap() = None;
    }

    /// Every watched document, once nothing moves any more.
    async fn settled(&self) -> Seen {
        let at_rest = self.at_rest.lock().unwrap().take();
        if let Some(seen) = at_rest {
            return seen;
        }
        let mut before = self.look().await;
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let now = self.look().await;
            if now == before {
                return now;
            }
            before = now;
        }
        panic!("the project does not come to rest");
    }

    async fn look(&self) -> Seen {
        let mut seen = Seen::new();
        for kind in WATCHED {
            for item in self.all(kind).await {
                let mut document = item.document();
                document.insert("raw".to_owned(), item.raw);
                without_counts(&mut document);
                seen.insert((kind.to_owned(), item.native_key), document);
            }
        }
        seen
    }
}

/// Neutron counts and dates a document anew also when something else changes and it says the same as before.
fn without_counts(document: &mut Map<String, Value>) {
    document.remove("updated_at");
    for count in ["updated_at", "revision_number", "updated"] {
        document["raw"].as_object_mut().unwrap().remove(count);
    }
}

/// An order that can be put several times.
pub(super) struct Ordered<'a> {
    worker: &'a Worker,
    kind: Kind,
    verb: Verb,
    command: Value,
    target: Option<Known>,
    pub(super) marker: Marker,
}

impl Ordered<'_> {
    pub(super) fn faults(&self) -> Vec<FieldError> {
        self.with(|step| self.worker.session.validate(step))
    }

    pub(super) async fn act(&self) -> Result<Done> {
        self.worker.disturbed();
        let (command, named) = self.parts();
        assert!(self.faults().is_empty(), "{:?}", self.faults());
        self.worker.session.act(&self.worker.region, &self.step(&command, &named)).await
    }

    pub(super) async fn find(&self) -> Result<Option<Touched>> {
        let (command, named) = self.parts();
        self.worker.session.find(&self.worker.region, &self.step(&command, &named)).await
    }

    pub(super) async fn refused(&self) -> Error {
        let error = self.act().await.expect_err("it should be refused");
        assert!(error.changed_nothing(), "{error:?}");
        error
    }

    /// Neutron's type of a refusal, whose words must have come along.
    pub(super) async fn refusal(&self) -> (gateway_core::error::ErrorKind, String) {
        let error = self.refused().await;
        let words = error.cloud().unwrap_or_else(|| panic!("without the cloud's words: {error:?}"));
        assert!(!words.message.is_empty() && error.message().contains(&words.message), "{error:?}");
        assert!(words.request_id.as_ref().is_some_and(|id| id.starts_with("req-")), "{error:?}");
        (error.kind(), words.code.clone())
    }

    /// Does it, and checks that every document which changed is named, and that all named can be read.
    pub(super) async fn watched(&self) -> Done {
        let before = self.worker.settled().await;
        let done = self.act().await.unwrap_or_else(|error| panic!("{} {}: {error:?}", self.verb, self.kind));
        for touched in &done.touched {
            // Whether it is there or gone, it is told for certain.
            self.worker.session.get(&self.worker.region, touched.kind, &touched.native_key).await.unwrap();
        }
        let after = self.worker.settled().await;
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> = keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).collect();
        let named = |kind: &str, key: &str| {
            done.touched.iter().any(|touched| touched.kind.as_str() == kind && touched.native_key == key)
        };
        for (kind, key) in changed {
            let (old, new) =
                (before.get(&(kind.clone(), key.clone())), after.get(&(kind.clone(), key.clone())));
            assert!(
                named(kind, key),
                "{} {} changed {kind} {key} and does not say so: {:?}\n{old:?}\n{new:?}",
                self.verb,
                self.kind,
                done.touched
            );
        }
        *self.worker.at_rest.lock().unwrap() = Some(after);
        done
    }

    fn parts(&self) -> (gateway_core::kind::Command, References) {
        let command = Command::read(self.kind.spec().verb(self.verb).unwrap(), self.command.clone()).unwrap();
        (command, References(self.worker.known.lock().unwrap().clone()))
    }

    fn with<T>(&self, ask: impl FnOnce(&Step<'_>) -> T) -> T {
        let (command, named) = self.parts();
        ask(&self.step(&command, &named))
    }

    fn step<'a>(&'a self, command: &'a gateway_core::kind::Command, named: &'a References) -> Step<'a> {
        Step {
            kind: self.kind,
            verb: self.verb,
            command,
            target: self.target.as_ref(),
            named,
            marker: self.marker,
        }
    }
}
