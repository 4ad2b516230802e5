//! A runner that sends commands as the gateway does, and compares every document before and after.

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

/// The kinds whose documents a command may change, and that also change by themselves for a moment after it.
const MOVING: [Kind; 5] =
    [Kind::NetworkInterface, Kind::Router, Kind::IpAddress, Kind::IpAddressBinding, Kind::Instance];

/// The kinds whose documents only a command changes, at once.
const STILL: [Kind; 4] = [Kind::Network, Kind::Subnet, Kind::SecurityGroup, Kind::SecurityGroupRule];

type Documents = BTreeMap<(Kind, String), Map<String, Value>>;

pub(super) struct NetworkRunner {
    session: Arc<dyn Session>,
    region: Region,
    auth_url: String,
    /// Resources that commands may name.
    known: Mutex<BTreeMap<ResourceId, Known>>,
    /// Every watched document, if nothing was changed since they were read.
    stable_documents: Mutex<Option<Documents>>,
}

impl NetworkRunner {
    pub(super) async fn open(auth_url: &str, project: &str) -> Self {
        let session = session_with(auth_url, password_of("demo", "demo", project), 50);
        let region = session.prove().await.unwrap().regions[0].clone();
        Self {
            session,
            region,
            auth_url: auth_url.to_owned(),
            known: Mutex::default(),
            stable_documents: Mutex::default(),
        }
    }

    pub(super) async fn get(&self, kind: Kind, key: &str) -> Option<Observed> {
        self.session.get(&self.region, kind, key).await.unwrap()
    }

    pub(super) async fn all(&self, kind: Kind) -> Vec<Observed> {
        everything(&*self.session, &self.region, kind, ListScope::Own).await
    }

    /// Reads a resource as the gateway stores it.
    pub(super) async fn known(&self, kind: Kind, key: &str) -> Known {
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

    /// Returns a command with a new marker.
    pub(super) fn command<'a>(&'a self, kind: Kind, verb: Verb, command: Value) -> Attempt<'a> {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        Attempt { runner: self, kind, verb, command, target: None, marker }
    }

    pub(super) fn command_on<'a>(&'a self, target: &Known, verb: Verb, command: Value) -> Attempt<'a> {
        Attempt { target: Some(target.clone()), ..self.command(target.kind, verb, command) }
    }

    /// Creates a resource, checks its marker, and returns it.
    pub(super) async fn create(&self, kind: Kind, command: Value) -> Known {
        let attempt = self.command(kind, Verb::Create, command);
        let done = attempt.act_and_check().await;
        let first = &done.touched[0];
        assert_eq!(first.kind, kind);
        assert_eq!(attempt.find().await.unwrap().as_ref(), Some(first), "{kind} is not found again");
        let seen = self.get(kind, &first.native_key).await.unwrap();
        if kind != Kind::IpAddressBinding {
            assert_eq!(seen.marker, Some(attempt.marker), "{kind}");
            assert!(
                seen.raw.to_string().contains(&attempt.marker.to_string()),
                "{kind}: in the cloud's document"
            );
        }
        assert!(!Value::Object(seen.document()).to_string().contains("gw-"), "{kind} shows its marker");
        self.known(kind, &first.native_key).await
    }

    /// Notes a change outside the runner.
    pub(super) fn invalidate(&self) {
        *self.stable_documents.lock().unwrap() = None;
    }

    /// Reads every watched document, when nothing changes any more.
    async fn settled(&self) -> Documents {
        let stable_documents = self.stable_documents.lock().unwrap().take();
        if let Some(seen) = stable_documents {
            return seen;
        }
        let mut before = self.read_all(&MOVING).await;
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let mut now = self.read_all(&MOVING).await;
            if now == before {
                now.extend(self.read_all(&STILL).await);
                return now;
            }
            before = now;
        }
        panic!("the project keeps changing");
    }

    async fn read_all(&self, kinds: &[Kind]) -> Documents {
        let mut seen = Documents::new();
        for kind in kinds.iter().copied() {
            for item in self.all(kind).await {
                let mut document = item.document();
                document.insert("raw".to_owned(), item.raw);
                remove_counters(&mut document);
                seen.insert((kind, item.native_key), document);
            }
        }
        seen
    }
}

/// Removes counters and times, which Neutron also changes when the document stays the same.
fn remove_counters(document: &mut Map<String, Value>) {
    document.remove("updated_at");
    for count in ["updated_at", "revision_number", "updated"] {
        document["raw"].as_object_mut().unwrap().remove(count);
    }
}

/// A command that can be sent several times.
pub(super) struct Attempt<'a> {
    runner: &'a NetworkRunner,
    kind: Kind,
    verb: Verb,
    command: Value,
    target: Option<Known>,
    pub(super) marker: Marker,
}

impl Attempt<'_> {
    pub(super) fn faults(&self) -> Vec<FieldError> {
        self.with(|step| self.runner.session.validate(step))
    }

    pub(super) async fn act(&self) -> Result<Done> {
        self.runner.invalidate();
        let (command, named) = self.parts();
        assert!(self.faults().is_empty(), "{:?}", self.faults());
        self.runner.session.act(&self.runner.region, &self.step(&command, &named)).await
    }

    pub(super) async fn find(&self) -> Result<Option<Touched>> {
        let (command, named) = self.parts();
        self.runner.session.find(&self.runner.region, &self.step(&command, &named)).await
    }

    pub(super) async fn refused_act(&self) -> Error {
        let error = self.act().await.expect_err("it should be refused");
        assert!(error.changed_nothing(), "{error:?}");
        error
    }

    /// Sends the command, and returns Neutron's code of the refusal.
    pub(super) async fn refusal(&self) -> (gateway_core::error::ErrorKind, String) {
        let error = self.refused_act().await;
        let words = error.cloud().unwrap_or_else(|| panic!("without the cloud's message: {error:?}"));
        assert!(!words.message.is_empty() && error.message().contains(&words.message), "{error:?}");
        assert!(words.request_id.as_ref().is_some_and(|id| id.starts_with("req-")), "{error:?}");
        (error.kind(), words.code.clone())
    }

    /// Sends the command, and checks that it names every changed document.
    pub(super) async fn act_and_check(&self) -> Done {
        let before = self.runner.settled().await;
        let done = self.act().await.unwrap_or_else(|error| panic!("{} {}: {error:?}", self.verb, self.kind));
        for touched in &done.touched {
            // The read must succeed, whether the resource exists or not.
            self.runner.session.get(&self.runner.region, touched.kind, &touched.native_key).await.unwrap();
        }
        let after = self.runner.settled().await;
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> = keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).collect();
        let named = |kind: Kind, key: &str| {
            done.touched.iter().any(|touched| touched.kind == kind && touched.native_key == key)
        };
        for (kind, key) in changed {
            let (old, new) = (before.get(&(*kind, key.clone())), after.get(&(*kind, key.clone())));
            assert!(
                named(*kind, key),
                "{} {} changed {kind} {key} and does not name it: {:?}\n{old:?}\n{new:?}",
                self.verb,
                self.kind,
                done.touched
            );
        }
        *self.runner.stable_documents.lock().unwrap() = Some(after);
        done
    }

    fn parts(&self) -> (Command, References) {
        let command = Command::read(self.kind.spec().verb(self.verb).unwrap(), self.command.clone()).unwrap();
        (command, References(self.runner.known.lock().unwrap().clone()))
    }

    fn with<T>(&self, use_step: impl FnOnce(&Step<'_>) -> T) -> T {
        let (command, named) = self.parts();
        use_step(&self.step(&command, &named))
    }

    fn step<'a>(&'a self, command: &'a Command, named: &'a References) -> Step<'a> {
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
