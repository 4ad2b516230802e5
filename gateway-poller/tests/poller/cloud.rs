//! A cloud in memory: what it has, what it hides, and how it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Driver, KindCapability, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext,
};
use gateway_core::error::Result;
use gateway_core::id::Region;
use gateway_core::kind::{Instance, InstanceState, Volume, VolumeState};
use gateway_core::{Error, Kind};
use serde_json::json;

/// A kind of which single ones can be asked for.
pub(crate) const INSTANCE: Kind = Kind::Instance;
/// A kind of which they cannot.
pub(crate) const VOLUME: Kind = Kind::Volume;

static CAPABILITY: Capability = Capability {
    kinds: &[
        KindCapability { kind: INSTANCE, published: false, own: true, get: true, says_state: true },
        KindCapability { kind: VOLUME, published: false, own: true, get: false, says_state: true },
    ],
    verbs: &[],
    credentials: &["access_key"],
};

pub(crate) type Fault = Box<dyn Fn() -> Error + Send + Sync>;
pub(crate) type Hook = Arc<dyn Fn(Kind, Region) -> BoxFuture<'static, ()> + Send + Sync>;

/// Everything that a test may set.
#[derive(Default)]
pub(crate) struct World {
    /// Native keys and a number that stands for the content; odd numbers are on the move.
    pub(crate) has: BTreeMap<String, u32>,
    /// Left out of listings, though the cloud has them.
    pub(crate) hides: BTreeSet<String>,
    /// What a credential's listings leave out, by access key.
    pub(crate) hides_from: BTreeMap<String, BTreeSet<String>>,
    /// Items on a page.
    pub(crate) page_size: usize,
    /// The listing fails at this page with that.
    pub(crate) list_fault: Option<(usize, Fault)>,
    /// Single questions fail with that.
    pub(crate) get_fault: Option<Fault>,
    /// Proofs fail with that.
    pub(crate) prove_fault: Option<Fault>,
    /// Probes of this kind are refused.
    pub(crate) forbids: Option<Kind>,
    /// Called before every page.
    pub(crate) before_page: Option<Hook>,
    /// What a session tells of its endpoints.
    pub(crate) notices: Vec<Notice>,
    /// Pages that were asked for: access key, kind, region.
    pub(crate) listed: Vec<(String, Kind, Region)>,
    /// Single questions.
    pub(crate) gets: usize,
    /// What the cloud calls the account of a key; the key itself unless set.
    pub(crate) account_of: BTreeMap<String, String>,
    /// Regions that proofs name.
    pub(crate) regions: Vec<Region>,
}

#[derive(Clone, Default)]
pub(crate) struct FakeCloud(Arc<Mutex<World>>);

impl FakeCloud {
    pub(crate) fn new() -> Self {
        let cloud = Self::default();
        cloud.world().page_size = 100;
        cloud.world().regions = vec![Region::new("r1")];
        cloud
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn fill(&self, count: usize) {
        self.world().has = (0..count).map(|n| (format!("i{n:04}"), 0)).collect();
    }
}

fn observed(kind: Kind, key: &str, content: u32) -> Observed {
    let raw = json!({ "id": key, "content": content });
    let moves = content % 2 == 1;
    if kind == VOLUME {
        let state = if moves { VolumeState::Pending } else { VolumeState::Available };
        return Observed::new(key, key, &Volume::default(), raw).unwrap().with_state(state, "word");
    }
    let state = if moves { InstanceState::Pending } else { InstanceState::Running };
    Observed::new(key, key, &Instance::default(), raw).unwrap().with_state(state, "word")
}

struct FakeSession {
    cloud: FakeCloud,
    key: String,
    link: SessionContext,
}

#[async_trait]
impl Session for FakeSession {
    async fn prove(&self) -> Result<Proof> {
        let world = self.cloud.world();
        if let Some(fault) = &world.prove_fault {
            return Err(fault());
        }
        let external_id = world.account_of.get(&self.key).unwrap_or(&self.key).clone();
        Ok(Proof { name: external_id.clone(), external_id, regions: world.regions.clone() })
    }

    async fn probe(&self, _: &Region, kind: Kind) -> Result<()> {
        if self.cloud.world().forbids == Some(kind) { Err(forbidden()) } else { Ok(()) }
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        _: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        self.link.pacer.acquire().await;
        let hook = self.cloud.world().before_page.clone();
        if let Some(hook) = hook {
            hook(kind, region.clone()).await;
        }
        let mut world = self.cloud.world();
        world.listed.push((self.key.clone(), kind, region.clone()));
        let number: usize = page.map_or(0, |token| token.0.parse().unwrap());
        if let Some((_, fault)) = world.list_fault.as_ref().filter(|(at, _)| *at == number) {
            return Err(fault());
        }
        let none = BTreeSet::new();
        let hidden = world.hides_from.get(&self.key).unwrap_or(&none);
        let mut shown =
            world.has.iter().filter(|(key, _)| !world.hides.contains(*key) && !hidden.contains(*key));
        let mut rest = shown.by_ref().skip(number * world.page_size);
        let items = rest.by_ref().take(world.page_size).map(|(key, content)| observed(kind, key, *content));
        let items: Vec<_> = items.collect();
        let next = rest.next().map(|_| PageToken((number + 1).to_string()));
        Ok(Page { items, next })
    }

    async fn get(&self, _: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let mut world = self.cloud.world();
        world.gets += 1;
        if let Some(fault) = &world.get_fault {
            return Err(fault());
        }
        Ok(world.has.get(native_key).map(|content| observed(kind, native_key, *content)))
    }

    fn notices(&self) -> Vec<Notice> {
        self.cloud.world().notices.clone()
    }
}

impl Driver for FakeCloud {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }

    fn validate(&self, _: &CloudSpec) -> Result<()> {
        Ok(())
    }

    fn open(
        &self,
        _: Arc<CloudSpec>,
        credential: Credential,
        link: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        let Credential::AccessKey { access_key_id: key, .. } = credential else {
            return Err(Error::invalid("access_key only"));
        };
        Ok(Arc::new(FakeSession { cloud: self.clone(), key, link }))
    }
}

pub(crate) fn forbidden() -> Error {
    Error::new(gateway_core::ErrorKind::Forbidden, "the credential may not list this")
}

pub(crate) fn unauthorized() -> Error {
    Error::new(gateway_core::ErrorKind::Unauthorized, "the cloud refused the credential")
}
