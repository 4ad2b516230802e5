//! A cloud in memory whose resources, listings and errors the test sets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Driver, KindCapability, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext,
};
use gateway_core::error::Result;
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::{Instance, InstanceState, Volume, VolumeState};
use gateway_core::{Error, ErrorKind, Kind};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// Time after which a call to a cloud that hangs ends.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A kind whose resources can be read one by one.
pub(crate) const INSTANCE: Kind = Kind::Instance;
/// A kind that can only be listed.
pub(crate) const VOLUME: Kind = Kind::Volume;

static CAPABILITY: Capability = Capability {
    kinds: &[
        KindCapability { kind: INSTANCE, published: false, own: true, get: true, says_state: true },
        KindCapability { kind: VOLUME, published: false, own: true, get: false, says_state: true },
    ],
    verbs: &[],
    credentials: &["access_key"],
};

pub(crate) type ErrorSource = Box<dyn Fn() -> Error + Send + Sync>;
pub(crate) type PageHook = Arc<dyn Fn(Kind, Region) -> BoxFuture<'static, ()> + Send + Sync>;

/// The state of the cloud, set and read by tests.
#[derive(Default)]
pub(crate) struct CloudState {
    /// Contents by native key; a resource with an odd content is in a transitional state.
    pub(crate) resources: BTreeMap<String, u32>,
    /// Resources that listings leave out.
    pub(crate) hidden: BTreeSet<String>,
    /// Resources that the listings of one credential leave out, by access key.
    pub(crate) hidden_from: BTreeMap<String, BTreeSet<String>>,
    /// Items per page.
    pub(crate) page_size: usize,
    /// The page at which listings fail, and the error.
    pub(crate) list_error: Option<(usize, ErrorSource)>,
    /// The error of direct reads.
    pub(crate) get_error: Option<ErrorSource>,
    /// The error of proofs.
    pub(crate) prove_error: Option<ErrorSource>,
    /// The kind whose probes are refused.
    pub(crate) forbidden_kind: Option<Kind>,
    /// A hook that is called before every page.
    pub(crate) before_page: Option<PageHook>,
    /// The notices of sessions.
    pub(crate) notices: Vec<Notice>,
    /// The requested pages: access key, kind, region.
    pub(crate) list_calls: Vec<(String, Kind, Region)>,
    /// The number of direct reads.
    pub(crate) get_calls: usize,
    /// Account ids by access key; the default is the key itself.
    pub(crate) accounts: BTreeMap<String, String>,
    /// The regions in proofs.
    pub(crate) regions: Vec<Region>,
    /// The clouds that hang.
    pub(crate) hung: BTreeSet<CloudId>,
    /// The access keys whose calls hang.
    pub(crate) hung_keys: BTreeSet<String>,
    /// The calls under way, by cloud that hangs.
    pub(crate) waiting: BTreeMap<CloudId, usize>,
    /// The access keys that proofs refuse.
    pub(crate) refused: BTreeSet<String>,
    /// The times at which each cloud showed a page.
    pub(crate) listed_at: BTreeMap<CloudId, Vec<Instant>>,
}

#[derive(Clone, Default)]
pub(crate) struct FakeCloud(Arc<Mutex<CloudState>>);

impl FakeCloud {
    pub(crate) fn new() -> Self {
        let cloud = Self::default();
        cloud.state().page_size = 100;
        cloud.state().regions = vec![Region::new("r1")];
        cloud
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, CloudState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn fill(&self, count: usize) {
        self.state().resources = (0..count).map(|n| (format!("i{n:04}"), 0)).collect();
    }
}

fn observed(kind: Kind, key: &str, content: u32) -> Observed {
    let raw = json!({ "id": key, "content": content });
    let is_transitional = content % 2 == 1;
    if kind == VOLUME {
        let state = if is_transitional { VolumeState::Pending } else { VolumeState::Available };
        return Observed::new(key, key, &Volume::default(), raw).unwrap().with_state(state, "word");
    }
    let state = if is_transitional { InstanceState::Pending } else { InstanceState::Running };
    Observed::new(key, key, &Instance::default(), raw).unwrap().with_state(state, "word")
}

struct FakeSession {
    id: CloudId,
    cloud: FakeCloud,
    key: String,
    context: SessionContext,
}

impl FakeSession {
    /// Waits in vain if the cloud hangs, or hangs for this access key.
    async fn is_answered(&self) -> Result<()> {
        let hangs = {
            let state = self.cloud.state();
            state.hung.contains(&self.id) || state.hung_keys.contains(&self.key)
        };
        if !hangs {
            return Ok(());
        }
        *self.cloud.state().waiting.entry(self.id).or_default() += 1;
        sleep(CALL_TIMEOUT).await;
        *self.cloud.state().waiting.entry(self.id).or_default() -= 1;
        Err(Error::new(ErrorKind::Timeout, "the cloud did not answer in time"))
    }
}

#[async_trait]
impl Session for FakeSession {
    async fn prove(&self) -> Result<Proof> {
        self.is_answered().await?;
        let state = self.cloud.state();
        if state.refused.contains(&self.key) {
            return Err(unauthorized());
        }
        if let Some(error) = &state.prove_error {
            return Err(error());
        }
        let external_id = state.accounts.get(&self.key).unwrap_or(&self.key).clone();
        Ok(Proof { name: external_id.clone(), external_id, regions: state.regions.clone() })
    }

    async fn probe(&self, _: &Region, kind: Kind) -> Result<()> {
        if self.cloud.state().forbidden_kind == Some(kind) { Err(forbidden()) } else { Ok(()) }
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        _: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        self.context.pacer.acquire().await;
        self.is_answered().await?;
        let hook = self.cloud.state().before_page.clone();
        if let Some(hook) = hook {
            hook(kind, region.clone()).await;
        }
        let mut state = self.cloud.state();
        state.listed_at.entry(self.id).or_default().push(Instant::now());
        state.list_calls.push((self.key.clone(), kind, region.clone()));
        let number: usize = page.map_or(0, |token| token.0.parse().unwrap());
        if let Some((_, error)) = state.list_error.as_ref().filter(|(at, _)| *at == number) {
            return Err(error());
        }
        let none = BTreeSet::new();
        let hidden = state.hidden_from.get(&self.key).unwrap_or(&none);
        let mut shown =
            state.resources.iter().filter(|(key, _)| !state.hidden.contains(*key) && !hidden.contains(*key));
        let mut rest = shown.by_ref().skip(number * state.page_size);
        let items = rest.by_ref().take(state.page_size).map(|(key, content)| observed(kind, key, *content));
        let items: Vec<_> = items.collect();
        let next = rest.next().map(|_| PageToken((number + 1).to_string()));
        Ok(Page { items, next })
    }

    async fn get(&self, _: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let mut state = self.cloud.state();
        state.get_calls += 1;
        if let Some(error) = &state.get_error {
            return Err(error());
        }
        Ok(state.resources.get(native_key).map(|content| observed(kind, native_key, *content)))
    }

    fn notices(&self) -> Vec<Notice> {
        self.cloud.state().notices.clone()
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
        spec: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        let Credential::AccessKey { access_key_id: key, .. } = credential else {
            return Err(Error::invalid("access_key only"));
        };
        Ok(Arc::new(FakeSession { id: spec.id, cloud: self.clone(), key, context }))
    }
}

pub(crate) fn forbidden() -> Error {
    Error::new(ErrorKind::Forbidden, "the credential may not list this")
}

pub(crate) fn unauthorized() -> Error {
    Error::new(ErrorKind::Unauthorized, "the cloud refused the credential")
}
