//! A hand that does what the gateway does with orders: reads them, asks for faults, acts, and looks at what was touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use driver_ec2::Ec2;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    CloudSpec, Done, Driver as _, Known, ListScope, References, Session, SessionContext, Step, Touched,
};
use gateway_core::id::{CloudId, OperationId, Region};
use gateway_core::kind::{Command, FieldError, Verb};
use gateway_core::marker::Marker;
use gateway_core::{Error, Kind};
use serde_json::{Value, json};

/// A credential of which moto wants no more than its form.
pub(crate) const KEY: &str =
    r#"{"method":"access_key","access_key_id":"gateway","secret_access_key":"gateway"}"#;

/// What a step did, and what is seen of everything that it touched.
pub(crate) struct Deed {
    pub(crate) done: Done,
    pub(crate) marker: Marker,
    pub(crate) seen: Vec<(Touched, Option<Observed>)>,
}

impl Deed {
    /// What was made, or the target.
    pub(crate) fn first(&self) -> &Observed {
        self.seen[0].1.as_ref().expect("is there")
    }

    /// The kinds of what was touched, in their order.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.seen.iter().map(|(touched, _)| touched.kind.as_str()).collect()
    }
}

/// One account in a region that nobody else uses, which is left as it was found.
pub(crate) struct Hand {
    pub(crate) cloud: Arc<CloudSpec>,
    pub(crate) session: Arc<dyn Session>,
    pub(crate) region: Region,
    before: BTreeSet<(Kind, String)>,
    boto: Boto,
}

/// boto3 at the same endpoint, which clears the region: also of what an earlier run left.
struct Boto(Vec<String>);

impl Boto {
    fn remove(&self) {
        let output = std::process::Command::new(&self.0[0]).args(&self.0[1..]).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Boto {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Hand {
    /// A hand in a region; none, where there is no cloud to try.
    pub(crate) async fn in_region(region: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("GATEWAY_TEST_EC2") else {
            println!("skipped: GATEWAY_TEST_EC2 is not set");
            return None;
        };
        let python = std::env::var("GATEWAY_TEST_EC2_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_world.py");
        let boto = Boto([&python, script, &endpoint, region, "remove"].map(ToOwned::to_owned).to_vec());
        boto.remove();
        let region = Region::new(region);
        let cloud = Arc::new(CloudSpec {
            id: CloudId::generate(),
            name: "real".to_owned(),
            endpoint,
            regions: vec![region.clone()],
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: true,
            calls_per_second: 100.0,
            timeout: Duration::from_secs(60),
            options: json!({"public_image_owners": ["amazon"]}).as_object().cloned().unwrap(),
        });
        let link = SessionContext::unpaced(Arc::new(SystemClock));
        let session = Ec2.open(Arc::clone(&cloud), Credential::parse(KEY).unwrap(), link).unwrap();
        let mut hand = Self { cloud, session, region, before: BTreeSet::new(), boto };
        hand.before = hand.all().await;
        Some(hand)
    }

    /// Everything of the account's own that is alive.
    async fn all(&self) -> BTreeSet<(Kind, String)> {
        let mut all = BTreeSet::new();
        for (kind, _) in Ec2.capability().verbs {
            for item in self.list(kind.as_str(), ListScope::Own).await {
                if item.state != Some("terminated") {
                    all.insert((*kind, item.native_key));
                }
            }
        }
        all
    }

    /// Ends what came into being besides: snapshots of images, and interfaces of instances, which moto leaves.
    pub(crate) async fn end_others(&self, kind: &str) {
        for other in self.list(kind, ListScope::Own).await {
            if !self.before.contains(&(other.kind, other.native_key.clone())) {
                self.end(&other).await;
            }
        }
    }

    /// Says that the verbs that were tried have left nothing.
    pub(crate) async fn is_clean(&self) {
        let now = self.all().await;
        assert_eq!(now.difference(&self.before).collect::<Vec<_>>(), Vec::<&(Kind, String)>::new());
        self.boto.remove();
    }

    pub(crate) async fn list(&self, kind: &str, scope: ListScope) -> Vec<Observed> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = self.session.list(&self.region, kind_of(kind), scope, next.as_ref()).await.unwrap();
            items.extend(page.items);
            next = page.next;
            if next.is_none() {
                return items;
            }
        }
    }

    pub(crate) async fn get(&self, kind: &str, key: &str) -> Option<Observed> {
        self.session.get(&self.region, kind_of(kind), key).await.unwrap()
    }

    /// A resource as the store would have it.
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

    /// A published image and a type to boot it.
    pub(crate) async fn bootable(&self) -> (Known, Known) {
        let images = self.list("image", ListScope::Published).await;
        let image = images.iter().find(|image| image.fields["os"] == "Linux/UNIX").expect("an image");
        let kind = self.get("instance_type", "t3.micro").await.unwrap();
        (self.known(image), self.known(&kind))
    }

    /// Makes something.
    pub(crate) async fn make(&self, kind: &str, command: Value, named: &[&Known]) -> Deed {
        self.try_step(kind, Verb::Create, command, None, named).await.unwrap()
    }

    /// Does something to a resource as it was seen last.
    pub(crate) async fn turn(&self, target: &Observed, verb: Verb, command: Value, named: &[&Known]) -> Deed {
        let kind = target.kind.as_str();
        self.try_step(kind, verb, command, Some(target), named).await.unwrap()
    }

    /// Ends a resource, and sees that it is gone.
    pub(crate) async fn end(&self, target: &Observed) -> Deed {
        let target = self.get(target.kind.as_str(), &target.native_key).await.expect("is there");
        let deed = self.turn(&target, Verb::Delete, Value::Null, &[]).await;
        let left = deed.seen[0].1.as_ref();
        assert!(left.is_none_or(|left| left.state == Some("terminated")), "{:?}", left.map(|left| &left.raw));
        deed
    }

    /// What the cloud answers to what it should refuse.
    pub(crate) async fn refused(
        &self,
        target: &Observed,
        verb: Verb,
        command: Value,
        named: &[&Known],
    ) -> Error {
        let kind = target.kind.as_str();
        self.try_step(kind, verb, command, Some(target), named).await.err().expect("is refused")
    }

    pub(crate) async fn try_step(
        &self,
        kind: &str,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
    ) -> gateway_core::Result<Deed> {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        self.try_marked(kind, verb, command, target, named, marker).await
    }

    pub(crate) async fn try_marked(
        &self,
        kind: &str,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
        marker: Marker,
    ) -> gateway_core::Result<Deed> {
        assert!(Ec2.capability().can(kind_of(kind), verb).is_some(), "{verb} of a {kind}");
        let step = Prepared::new(self, kind, verb, command, target, named, marker);
        assert_eq!(self.session.validate(&step.step()), [], "{verb} of a {kind}");
        let makes = verb == Verb::Create || verb == Verb::CreateImage;
        let found = if makes { self.session.find(&self.region, &step.step()).await? } else { None };
        assert_eq!(found, None, "nothing was made yet");
        let done = self.session.act(&self.region, &step.step()).await?;
        if makes {
            let found = self.session.find(&self.region, &step.step()).await?;
            assert_eq!(found.as_ref(), done.touched.first(), "{verb} of a {kind} is found again");
        }
        let mut seen = Vec::new();
        for touched in &done.touched {
            let now = self.session.get(&self.region, touched.kind, &touched.native_key).await?;
            seen.push((touched.clone(), now));
        }
        Ok(Deed { done, marker, seen })
    }

    /// What is wrong with an order, by the driver's own word.
    pub(crate) fn faults(
        &self,
        kind: &str,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
    ) -> Vec<FieldError> {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        let step = Prepared::new(self, kind, verb, command, target, named, marker);
        self.session.validate(&step.step())
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
        hand: &Hand,
        kind: &str,
        verb: Verb,
        command: Value,
        target: Option<&Observed>,
        named: &[&Known],
        marker: Marker,
    ) -> Self {
        let kind = kind_of(kind);
        let spec = kind.spec().verb(verb).expect("a verb of the kind");
        let command = Command::read(spec, command).expect("an order without faults");
        let named: BTreeMap<_, _> = named.iter().map(|known| (known.id, (*known).clone())).collect();
        Self {
            kind,
            verb,
            command,
            target: target.map(|target| hand.known(target)),
            named: References(named),
            marker,
        }
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

pub(crate) fn kind_of(kind: &str) -> Kind {
    Kind::parse(kind).unwrap()
}

/// The value of a tag in the cloud's own document, where the gateway's own are too.
pub(crate) fn raw_tag<'a>(observed: &'a Observed, key: &str) -> Option<&'a str> {
    let tags = observed.raw["tagSet"].as_array()?;
    tags.iter().find(|tag| tag["key"] == key)?["value"].as_str()
}

/// Sees that what was made shows its name and tags, its marker apart, and none of the gateway's own.
pub(crate) fn check_marked(deed: &Deed) {
    let first = deed.first();
    assert_eq!(first.marker, Some(deed.marker), "{}", first.kind);
    assert!(!first.tags.contains_key("gateway-operation"), "{}", first.kind);
    assert_eq!(raw_tag(first, "gateway-operation"), Some(deed.marker.to_string().as_str()), "{}", first.kind);
    assert!(deed.done.request_id.is_some(), "{}", first.kind);
}

/// New name and tags of something whose name is a tag; the marker stays.
pub(crate) async fn check_retagged(hand: &Hand, deed: &Deed) -> Observed {
    let target = hand.get(deed.first().kind.as_str(), &deed.first().native_key).await.unwrap();
    let command = json!({ "name": "after", "tags": { "kept": "2", "new": "ü & <x>" } });
    let renamed = hand.turn(&target, Verb::Update, command, &[]).await;
    let seen = renamed.first();
    assert_eq!((seen.name.as_str(), seen.marker), ("after", Some(deed.marker)), "{}", seen.kind);
    let expected = [("Name", "after"), ("kept", "2"), ("new", "ü & <x>")];
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    assert_eq!(seen.tags, expected, "{}", seen.kind);
    // Tags alone leave the name; the same again has nothing to do.
    for _ in 0..2 {
        let again = hand.turn(seen, Verb::Update, json!({ "tags": { "kept": "3" } }), &[]).await;
        assert_eq!((again.first().name.as_str(), again.first().tags.len()), ("after", 2), "{}", seen.kind);
    }
    let last = hand.turn(seen, Verb::Update, json!({ "name": "last" }), &[]).await;
    assert_eq!((last.first().name.as_str(), last.first().tags.len()), ("last", 2), "{}", seen.kind);
    last.seen.into_iter().next().and_then(|(_, seen)| seen).unwrap()
}

/// The code and the words of a refusal, which changed nothing.
pub(crate) fn words(error: &Error) -> (&str, &str) {
    let words = error.cloud().expect("the cloud's own words");
    assert!(error.changed_nothing(), "{error:?}");
    assert!(words.request_id.is_some(), "{words:?}");
    (&words.code, &words.message)
}
