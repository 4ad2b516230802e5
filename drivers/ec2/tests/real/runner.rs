//! A runner of commands: it validates and executes them as the gateway does, and reads everything that they touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driver_ec2::Ec2;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    CloudSpec, Done, Driver as _, Known, ListScope, References, Session, Step, Touched,
};
use gateway_core::id::{OperationId, Region};
use gateway_core::kind::{Command, FieldError, Verb};
use gateway_core::marker::Marker;
use gateway_core::{Error, Kind};
use serde_json::{Value, json};

use crate::boto::Boto;
use crate::environment::{cloud, endpoint, open};

/// The outcome of a command, with everything that it touched as it is afterwards.
pub(crate) struct Outcome {
    pub(crate) done: Done,
    pub(crate) marker: Marker,
    pub(crate) touched: Vec<(Touched, Option<Observed>)>,
}

impl Outcome {
    /// Returns the created resource, or the target.
    pub(crate) fn first(&self) -> &Observed {
        self.touched[0].1.as_ref().expect("exists")
    }

    /// Returns the kinds of the touched resources, in their order.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.touched.iter().map(|(touched, _)| touched.kind).collect()
    }
}

/// A runner in a region of its own, which it leaves as it was.
pub(crate) struct Runner {
    pub(crate) cloud: Arc<CloudSpec>,
    pub(crate) session: Arc<dyn Session>,
    pub(crate) region: Region,
    before: BTreeSet<(Kind, String)>,
    boto: Boto,
}

impl Runner {
    /// Starts a runner in a region; none, if there is no endpoint under test.
    pub(crate) async fn in_region(region: &str) -> Option<Self> {
        let endpoint = endpoint()?;
        let boto = Boto::in_region(&endpoint, region);
        let region = Region::new(region);
        let cloud = Arc::new(cloud(&endpoint, &region, &json!({"public_image_owners": ["amazon"]})));
        let session = open(&cloud);
        let mut runner = Self { cloud, session, region, before: BTreeSet::new(), boto };
        runner.before = runner.existing().await;
        Some(runner)
    }

    /// Returns the account's own resources that exist.
    async fn existing(&self) -> BTreeSet<(Kind, String)> {
        let mut all = BTreeSet::new();
        for (kind, verbs) in Ec2.capability().verbs {
            if verbs.is_empty() {
                continue;
            }
            for item in self.list(*kind, ListScope::Own).await {
                if item.state != Some("terminated") {
                    all.insert((*kind, item.native_key));
                }
            }
        }
        all
    }

    /// Deletes resources that were created as a side effect: snapshots of images, and interfaces that moto leaves.
    pub(crate) async fn delete_new(&self, kind: Kind) {
        for other in self.list(kind, ListScope::Own).await {
            if !self.before.contains(&(other.kind, other.native_key.clone())) {
                self.delete(&other).await;
            }
        }
    }

    /// Checks that the commands have left nothing.
    pub(crate) async fn assert_clean(&self) {
        let now = self.existing().await;
        assert_eq!(now.difference(&self.before).collect::<Vec<_>>(), Vec::<&(Kind, String)>::new());
        self.boto.remove();
    }

    /// Lists a kind.
    pub(crate) async fn list(&self, kind: Kind, scope: ListScope) -> Vec<Observed> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = self.session.list(&self.region, kind, scope, next.as_ref()).await.unwrap();
            items.extend(page.items);
            next = page.next;
            if next.is_none() {
                return items;
            }
        }
    }

    /// Reads a resource.
    pub(crate) async fn get(&self, kind: Kind, key: &str) -> Option<Observed> {
        self.session.get(&self.region, kind, key).await.unwrap()
    }

    /// Returns a resource as the store would have it.
    pub(crate) fn known(&self, observed: &Observed) -> Known {
        Known {
            id: self.cloud.resource_id(&self.region, observed.kind, &observed.native_key),
            kind: observed.kind,
            native_key: observed.native_key.clone(),
            external_id: observed.external_id.clone(),
            name: observed.name.clone(),
            document: observed.document(),
        }
    }

    /// Returns a public image and an instance type that boots it.
    pub(crate) async fn bootable(&self) -> (Known, Known) {
        let images = self.list(Kind::Image, ListScope::Published).await;
        let image = images.iter().find(|image| image.fields["os"] == "Linux/UNIX").expect("an image");
        let kind = self.get(Kind::InstanceType, "t3.micro").await.unwrap();
        (self.known(image), self.known(&kind))
    }

    /// Creates a resource.
    pub(crate) async fn create(&self, kind: Kind, command: Value, named: &[&Known]) -> Outcome {
        self.run(kind, Verb::Create, command, None, named).await.unwrap()
    }

    /// Executes a command on a resource.
    pub(crate) async fn act(
        &self,
        target: &Observed,
        verb: Verb,
        command: Value,
        named: &[&Known],
    ) -> Outcome {
        self.run(target.kind, verb, command, Some(target), named).await.unwrap()
    }

    /// Deletes a resource and checks that it is gone.
    pub(crate) async fn delete(&self, target: &Observed) -> Outcome {
        let target = self.get(target.kind, &target.native_key).await.expect("exists");
        let outcome = self.act(&target, Verb::Delete, Value::Null, &[]).await;
        let left = outcome.touched[0].1.as_ref();
        assert!(left.is_none_or(|left| left.state == Some("terminated")), "{:?}", left.map(|left| &left.raw));
        outcome
    }

    /// Returns the error of a command that the cloud refuses.
    pub(crate) async fn refused(
        &self,
        target: &Observed,
        verb: Verb,
        command: Value,
        named: &[&Known],
    ) -> Error {
        self.run(target.kind, verb, command, Some(target), named).await.err().expect("is refused")
    }

    /// Executes a command, finds what it created, and reads what it touched.
    pub(crate) async fn run(
        &self,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
    ) -> gateway_core::Result<Outcome> {
        assert!(Ec2.capability().can(kind, verb).is_some(), "{verb} of a {kind}");
        let prepared = Prepared::new(self, kind, verb, command, target, named);
        let step = prepared.step();
        assert_eq!(self.session.validate(&step), [], "{verb} of a {kind}");
        let creates = verb == Verb::Create || verb == Verb::CreateImage;
        let found = if creates { self.session.find(&self.region, &step).await? } else { None };
        assert_eq!(found, None, "nothing was created yet");
        let done = self.session.act(&self.region, &step).await?;
        if creates {
            let found = self.session.find(&self.region, &step).await?;
            assert_eq!(found.as_ref(), done.touched.first(), "{verb} of a {kind} is found again");
        }
        let mut touched = Vec::new();
        for one in &done.touched {
            let now = self.session.get(&self.region, one.kind, &one.native_key).await?;
            touched.push((one.clone(), now));
        }
        Ok(Outcome { done, marker: prepared.marker, touched })
    }

    /// Returns the field errors of a create.
    pub(crate) fn field_errors(
        &self,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
    ) -> Vec<FieldError> {
        let prepared = Prepared::new(self, kind, verb, command, target, named);
        self.session.validate(&prepared.step())
    }
}

/// A step with what it borrows.
struct Prepared {
    kind: Kind,
    verb: Verb,
    command: Command,
    target: Option<Known>,
    named: References,
    marker: Marker,
}

impl Prepared {
    fn new(
        runner: &Runner,
        kind: Kind,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
    ) -> Self {
        let spec = kind.spec().verb(verb).expect("a verb of the kind");
        let command = Command::read(spec, command).expect("a valid command");
        let named: BTreeMap<_, _> = named.iter().map(|known| (known.id, (*known).clone())).collect();
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        let target = target.map(|target| runner.known(target));
        Self { kind, verb, command, target, named: References(named), marker }
    }

    fn step(&self) -> Step<'_> {
        Step {
            kind: self.kind,
            verb: self.verb,
            command: &self.command,
            target: self.target.as_ref(),
            named: &self.named,
            marker: self.marker,
        }
    }
}

/// Returns the value of a tag in the cloud's own document, which has the gateway's tags too.
pub(crate) fn raw_tag<'a>(observed: &'a Observed, key: &str) -> Option<&'a str> {
    let tags = observed.raw["tagSet"].as_array()?;
    tags.iter().find(|tag| tag["key"] == key)?["value"].as_str()
}

/// Checks that a created resource has its marker, and that its tags do not show it.
pub(crate) fn check_marker(outcome: &Outcome) {
    let first = outcome.first();
    assert_eq!(first.marker, Some(outcome.marker), "{}", first.kind);
    assert!(!first.tags.contains_key("gateway-operation"), "{}", first.kind);
    let marker = outcome.marker.to_string();
    assert_eq!(raw_tag(first, "gateway-operation"), Some(marker.as_str()), "{}", first.kind);
    assert!(outcome.done.request_id.is_some(), "{}", first.kind);
}

/// Checks updates of name and tags of a resource whose name is a tag, and that the marker stays. Returns the resource.
pub(crate) async fn check_update(runner: &Runner, outcome: &Outcome) -> Observed {
    let target = runner.get(outcome.first().kind, &outcome.first().native_key).await.unwrap();
    let command = json!({ "name": "after", "tags": { "kept": "2", "new": "ü & <x>" } });
    let renamed = runner.act(&target, Verb::Update, command, &[]).await;
    let updated = renamed.first();
    let kind = updated.kind;
    assert_eq!((updated.name.as_str(), updated.marker), ("after", Some(outcome.marker)), "{kind}");
    let expected = [("Name", "after"), ("kept", "2"), ("new", "ü & <x>")];
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    assert_eq!(updated.tags, expected, "{kind}");
    // Tags alone leave the name; repeated, they change nothing.
    for _ in 0..2 {
        let again = runner.act(updated, Verb::Update, json!({ "tags": { "kept": "3" } }), &[]).await;
        assert_eq!((again.first().name.as_str(), again.first().tags.len()), ("after", 2), "{kind}");
    }
    let last = runner.act(updated, Verb::Update, json!({ "name": "last" }), &[]).await;
    assert_eq!((last.first().name.as_str(), last.first().tags.len()), ("last", 2), "{kind}");
    last.touched.into_iter().next().and_then(|(_, observed)| observed).unwrap()
}

/// Returns code and message of a refusal, which changed nothing.
pub(crate) fn cloud_words(error: &Error) -> (&str, &str) {
    let words = error.cloud().expect("the cloud's own words");
    assert!(error.changed_nothing(), "{error:?}");
    assert!(words.request_id.is_some(), "{words:?}");
    (&words.code, &words.message)
}
