//! The driver port: what the gateway asks of a cloud.
//!
//! A [`Driver`] is the translation for one type of cloud; a [`Session`] is one credential at one cloud, and
//! keeps what makes calls cheap (tokens, catalogs, negotiated versions). Sessions are shared and long-lived:
//! every method takes `&self` and may be called at the same time as any other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::access::credential::Credential;
use crate::clock::{Clock, Timestamp};
use crate::document::observation::Observed;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{CloudId, Region, ResourceId};
use crate::kind::{Command, Documents, FieldError, Kind, Verb, VerbSupport};
use crate::marker::Marker;
use crate::secret::Secret;
use crate::skew::Skew;

/// A registered cloud, as a driver needs to know it.
#[derive(Clone, Debug)]
pub struct CloudSpec {
    /// The gateway's id of the cloud.
    pub id: CloudId,
    /// The name its operator gave it.
    pub name: String,
    /// Where its API starts: Keystone's v3 URL, an EC2 endpoint (`{region}` in it is replaced).
    pub endpoint: String,
    /// The regions to use; empty means all that the cloud tells of.
    pub regions: Vec<Region>,
    /// Hosts besides the endpoint's that the cloud may send us to.
    pub allowed_hosts: Vec<String>,
    /// Plain HTTP to hosts other than loopback is refused unless set.
    pub allow_plaintext: bool,
    /// Refuse answers without a `Date` instead of warning of them.
    pub require_date: bool,
    /// Calls a second that the account's budget allows.
    pub calls_per_second: f64,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Further settings of the driver, each documented in its `docs.md`.
    pub options: Map<String, Value>,
}

impl CloudSpec {
    /// The id that the gateway gives a resource of this cloud.
    pub fn resource_id(&self, region: &Region, kind: Kind, native_key: &str) -> ResourceId {
        ResourceId::derive(self.id, region, kind, native_key)
    }
}

/// What one kind can do at one type of cloud.
#[derive(Clone, Copy, Debug)]
pub struct KindCapability {
    /// The kind.
    pub kind: Kind,
    /// The cloud publishes some of these to every account: they are listed once, for [`ListScope::Published`].
    pub published: bool,
    /// Accounts hold some of these: they are listed per account, for [`ListScope::Own`].
    pub own: bool,
    /// A single one can be read, so that absence can be proven without a second listing.
    pub get: bool,
    /// Every document of the kind carries the cloud's own word for its state. Without one the driver derives the
    /// canonical state from the rest, if the kind has states.
    pub says_state: bool,
}

/// What a type of cloud can do. Callers ask, never guess.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// Kinds that can be listed with detail, each once.
    pub kinds: &'static [KindCapability],
    /// What can be done to them.
    pub verbs: &'static [(Kind, &'static [VerbSupport])],
    /// Forms of [`Credential`] that are taken, by [`Credential::method`].
    pub credentials: &'static [&'static str],
}

impl Capability {
    /// What the kind can do; `None` when the cloud does not have it.
    pub fn of(&self, kind: Kind) -> Option<&KindCapability> {
        self.kinds.iter().find(|capability| capability.kind == kind)
    }

    /// What can be done to a kind.
    pub fn verbs(&self, kind: Kind) -> &'static [VerbSupport] {
        self.verbs.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, verbs)| verbs)
    }

    /// How the cloud has a verb, if it has it.
    pub fn can(&self, kind: Kind, verb: Verb) -> Option<VerbSupport> {
        self.verbs(kind).iter().copied().find(|can| can.verb == verb)
    }
}

/// The account's call budget, as one process may spend it.
#[async_trait]
pub trait Pacer: Send + Sync + fmt::Debug {
    /// Waits until a call may be made.
    async fn acquire(&self);
    /// The cloud asked for a pause: nobody calls for this account until it is over.
    fn pause(&self, wait: Duration);
}

/// The part of an account's budget that polling may use; the rest is kept for writes.
pub const FOR_POLLING: f64 = 0.8;

/// Receives every comparison of clocks, so that our own clock can become the suspect.
pub trait SkewWatch: Send + Sync + fmt::Debug {
    /// One response of a cloud's endpoint; `None` when it had no `Date`.
    fn observed(&self, cloud: CloudId, endpoint: &str, skew: Option<Skew>);

    /// The last comparison with each endpoint.
    fn last(&self) -> Vec<EndpointClock> {
        Vec::new()
    }
}

/// The last comparison with one endpoint's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointClock {
    /// Whose endpoint.
    pub cloud: CloudId,
    /// Scheme, host and port.
    pub endpoint: String,
    /// None when its answers have no `Date`.
    pub skew: Option<Skew>,
    /// How long ago that was.
    pub age: Duration,
}

/// What a session works with, given by the composition root.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// The gateway's clock.
    pub clock: Arc<dyn Clock>,
    /// The account's budget.
    pub pacer: Arc<dyn Pacer>,
    /// Who watches clocks.
    pub skew: Arc<dyn SkewWatch>,
}

/// The account that a credential proved to be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the cloud calls the account: project id, AWS account number.
    pub external_id: String,
    /// Its name, or the id again.
    pub name: String,
    /// The regions that the credential can use, within those that the registration allows.
    pub regions: Vec<Region>,
}

/// Which part of a kind a listing covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListScope {
    /// What the account owns and what is shared with it individually; nothing that is published to all.
    Own,
    /// What the cloud publishes to all, and nothing else.
    Published,
}

/// Where a listing goes on: opaque to all but the driver that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken(pub String);

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What was on the page, every document complete.
    pub items: Vec<Observed>,
    /// How to get the next; `None` says with certainty that this was the last.
    pub next: Option<PageToken>,
}

/// A resource that a command names or is about, as the store has it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The gateway's id.
    pub id: ResourceId,
    /// Its type.
    pub kind: Kind,
    /// What makes it unique within cloud, region and kind.
    pub native_key: String,
    /// The cloud's own id.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Its canonical document.
    pub document: Map<String, Value>,
}

/// The resources behind the ids that a command names.
#[derive(Clone, Debug, Default)]
pub struct References(pub BTreeMap<ResourceId, Known>);

impl References {
    /// Returns a named resource. The gateway looks up every id before it asks a driver, so that only a defect
    /// finds nothing.
    ///
    /// # Errors
    /// Internal, when it was not looked up.
    pub fn get(&self, id: ResourceId) -> Result<&Known> {
        self.0.get(&id).ok_or_else(|| Error::internal("a command names a resource that was not looked up"))
    }

    /// Checks a command against the documents of its target and of the resources that it names.
    pub fn check(&self, command: &Command, target: Option<&Known>) -> Vec<FieldError> {
        let named = |id: ResourceId| self.0.get(&id).map(|known| &known.document);
        command.errors_against(&Documents::new(target.map(|target| &target.document), &named))
    }
}

/// One thing to be done at a cloud.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// To which kind.
    pub kind: Kind,
    /// What.
    pub verb: Verb,
    /// The typed body of the verb.
    pub command: &'a Command,
    /// To which resource; none for what makes one.
    pub target: Option<&'a Known>,
    /// What the order names.
    pub named: &'a References,
    /// Left on what is made.
    pub marker: Marker,
}

impl<'a> Step<'a> {
    /// The error of a driver that does not have the verb.
    pub fn unsupported(&self) -> Error {
        let message = format!("this type of cloud cannot {} a {}", self.verb, self.kind);
        Error::new(ErrorKind::Unsupported, message).untouched()
    }

    /// The resource that it is done to.
    ///
    /// # Errors
    /// Internal, for a step that makes one: a defect of the caller.
    pub fn target(&self) -> Result<&'a Known> {
        self.target.ok_or_else(|| Error::internal(format!("{} of a {} needs a target", self.verb, self.kind)))
    }
}

/// A resource that a step made, changed or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its type.
    pub kind: Kind,
    /// Its native key.
    pub native_key: String,
}

impl Touched {
    /// The resource of that key.
    pub fn new(kind: Kind, native_key: impl Into<String>) -> Self {
        Self { kind, native_key: native_key.into() }
    }
}

/// What a step did.
#[derive(Debug, Default)]
pub struct Done {
    /// What it touched: first what it made, or else its target; then what changed along with that.
    pub touched: Vec<Touched>,
    /// What the cloud told once.
    pub answer: Option<OneTimeOutput>,
    /// The cloud's own id of the request.
    pub request_id: Option<String>,
}

/// Where the content of a resource goes, and what is sent along with it. Its address was checked by the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The method of HTTP.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Headers besides the content's own; they may hold a token.
    pub headers: Vec<(String, Secret)>,
    /// What the cloud wants the content to be called.
    pub content_type: String,
    /// The registration allows plain HTTP to hosts other than loopback.
    pub allow_plaintext: bool,
}

/// What a cloud answered to content that was sent to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// Who answered, as host:port, for messages.
    pub endpoint: String,
    /// The status.
    pub status: u16,
    /// The headers that are text.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: String,
}

/// What a cloud tells only in answer to an order.
#[derive(Clone, Debug)]
pub enum OneTimeOutput {
    /// The private half of a key.
    PrivateKey(Secret),
    /// What an instance wrote on its console.
    ConsoleOutput(String),
}

/// Something that works but that an operator should know, such as an endpoint without `Date`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice(pub String);

/// One credential at one cloud.
#[async_trait]
pub trait Session: Send + Sync {
    /// Proves the credential, asking the cloud afresh.
    ///
    /// # Errors
    /// Unauthorized only when the cloud refused the credential in so many words; everything else that can
    /// go wrong is no statement about the credential.
    async fn prove(&self) -> Result<Proof>;

    /// Asks whether the credential may list a kind in a region, at the cost of one small call.
    ///
    /// # Errors
    /// Forbidden when it may not; Unsupported when the region lacks the service.
    async fn probe(&self, region: &Region, kind: Kind) -> Result<()>;

    /// One page of a listing with detail; `None` starts it.
    ///
    /// Behaviour: pages in an order that stands while the listing runs; never an item twice in one listing;
    /// an answer of the wrong type, cut short or not parsed is `WrongDocument`, never an empty page; an
    /// item that is not of the asked [`ListScope`] is left out.
    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page>;

    /// One resource by its native key; `Ok(None)` says with certainty that the cloud does not have it.
    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>>;

    /// Checks what only this type of cloud knows about a step; asks no cloud.
    fn validate(&self, step: &Step<'_>) -> Vec<FieldError> {
        let _ = step;
        Vec::new()
    }

    /// Does one step, once: nothing is sent a second time unless it certainly did not arrive.
    ///
    /// What the step makes carries its marker, wherever the service has a place for one. When this returns, the
    /// cloud has taken the order; it may still be at work.
    ///
    /// # Errors
    /// What the cloud answered, in its own words too ([`Error::cloud`](crate::Error::cloud)). After an error that is
    /// not [`Error::changed_nothing`](crate::Error::changed_nothing) nobody knows whether the step was done.
    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        let _ = region;
        Err(step.unsupported())
    }

    /// Looks for what an earlier try of a step that makes something has made: by its marker, or by what it is
    /// where there is one at most. `Ok(None)` says that the cloud shows no such thing now.
    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let _ = region;
        Err(step.unsupported())
    }

    /// Says where the content of a resource goes, with a token that lives. The call that is going to be made is paid
    /// for from the account's budget here.
    ///
    /// # Errors
    /// As [`Self::act`]; and nothing was done yet.
    async fn upload(&self, region: &Region, target: &Known) -> Result<Forward> {
        let _ = region;
        let message = format!("this type of cloud takes no content of a {}", target.kind);
        Err(Error::new(ErrorKind::Unsupported, message).untouched())
    }

    /// Reads an answer to content that says that it was refused, in the cloud's own words.
    fn upload_refused(&self, answer: &Forwarded) -> Error {
        Error::unavailable(format!("{} answered {}", answer.endpoint, answer.status))
    }

    /// What an operator should know of the endpoints as they were last seen.
    fn notices(&self) -> Vec<Notice>;
}

/// The translation for one type of cloud.
pub trait Driver: Send + Sync {
    /// The name in registrations, such as `openstack`.
    fn name(&self) -> &'static str;

    /// What this type of cloud can do.
    fn capability(&self) -> &'static Capability;

    /// Checks a registration before it is kept: endpoint form, options.
    ///
    /// # Errors
    /// Invalid, saying what to change.
    fn validate(&self, cloud: &CloudSpec) -> Result<()>;

    /// Makes a session; calls no one yet.
    ///
    /// # Errors
    /// Invalid when the form of the credential is not one that the cloud takes.
    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>>;
}

/// The drivers that this build has, by name.
#[derive(Clone, Default)]
pub struct Drivers(BTreeMap<&'static str, Arc<dyn Driver>>);

impl Drivers {
    /// Adds one; called by the composition root, one line per driver.
    #[must_use]
    pub fn with(mut self, driver: impl Driver + 'static) -> Self {
        self.0.insert(driver.name(), Arc::new(driver));
        self
    }

    /// The driver of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Driver>> {
        self.0.get(name)
    }

    /// The names that [`Self::get`] knows.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A pacer without limit, for probes by hand and for tests of drivers.
#[derive(Debug, Default)]
pub struct Unpaced;

#[async_trait]
impl Pacer for Unpaced {
    async fn acquire(&self) {}
    fn pause(&self, _wait: Duration) {}
}

/// A watch that does not look.
#[derive(Debug, Default)]
pub struct Unwatched;

impl SkewWatch for Unwatched {
    fn observed(&self, _cloud: CloudId, _endpoint: &str, _skew: Option<Skew>) {}
}

impl SessionContext {
    /// A link without budget and watch.
    pub fn unpaced(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pacer: Arc::new(Unpaced), skew: Arc::new(Unwatched) }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
