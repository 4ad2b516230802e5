//! A driver without a network: the secret of an access key selects the cloud's behaviour.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Done, Driver, KindCapability, ListScope, Notice, Pacer, Page, PageToken, Proof,
    Session, SessionContext, Step, Touched,
};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::kind::{Command, Verb, VerbSupport};
use gateway_core::marker::Marker;
use gateway_core::skew::Skew;
use gateway_core::{Kind, Timestamp};

pub(crate) const VOLUME: Kind = Kind::Volume;
pub(crate) const IMAGE: Kind = Kind::Image;
pub(crate) const INSTANCE: Kind = Kind::Instance;

static CAPABILITY: Capability = Capability {
    kinds: &[
        KindCapability { kind: VOLUME, published: false, own: true, get: true, says_state: true },
        KindCapability { kind: IMAGE, published: true, own: true, get: true, says_state: true },
        KindCapability { kind: INSTANCE, published: false, own: true, get: true, says_state: true },
    ],
    verbs: &[
        (VOLUME, &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Update)]),
        (IMAGE, &[VerbSupport::new(Verb::Delete)]),
    ],
    credentials: &["access_key"],
};

/// The driver `fake`. The access key id is the account.
pub(crate) struct FakeCloud;

struct FakeSession {
    account: String,
    secret: String,
    timeout: Duration,
    pacer: Arc<dyn Pacer>,
}

impl FakeSession {
    /// Counts a call of an account whose name begins with `paced`, when its budget allows it.
    async fn call(&self) {
        if self.account.starts_with("paced") {
            self.pacer.acquire().await;
            *CALLS.lock().unwrap().entry(self.account.clone()).or_default() += 1;
        }
    }
}

impl Driver for FakeCloud {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn capability(&self) -> &'static Capability {
        &CAPABILITY
    }

    fn validate(&self, _cloud: &CloudSpec) -> Result<()> {
        Ok(())
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        context: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        match credential {
            Credential::AccessKey { access_key_id, secret_access_key, .. } => Ok(Arc::new(FakeSession {
                account: access_key_id,
                secret: secret_access_key.expose().to_owned(),
                timeout: cloud.timeout,
                pacer: context.pacer,
            })),
            other => Err(Error::invalid(format!("this cloud takes no {}", other.method()))),
        }
    }
}

#[async_trait]
impl Session for FakeSession {
    async fn prove(&self) -> Result<Proof> {
        self.call().await;
        let skewed = || Skew { micros: 400_000_000, uncertainty: Duration::ZERO };
        *PROOFS.lock().unwrap().entry(self.account.clone()).or_default() += 1;
        match self.secret.as_str() {
            "wrong" => Err(Error::new(ErrorKind::Unauthorized, "the cloud refused the key")),
            "skewed" => Err(skewed().to_error("the fake cloud")),
            "down" => Err(Error::unavailable("the fake cloud is down")),
            "panic" => panic!("the driver has a defect"),
            "hang" => std::future::pending().await,
            "late" => {
                tokio::time::sleep(self.timeout).await;
                Err(Error::new(ErrorKind::Timeout, "the fake cloud did not answer in time"))
            }
            _ => Ok(Proof {
                external_id: self.account.clone(),
                name: format!("account {}", self.account),
                regions: vec![Region::new("r1"), Region::new("r2")],
            }),
        }
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        self.call().await;
        match (self.secret.as_str(), region.as_str()) {
            ("no-volumes", _) if kind == VOLUME => {
                Err(Error::new(ErrorKind::Forbidden, "volumes are not for you"))
            }
            (_, "r2") if kind == INSTANCE => Err(Error::new(ErrorKind::Unsupported, "no machines here")),
            _ => Ok(()),
        }
    }

    async fn list(&self, _: &Region, _: Kind, _: ListScope, _: Option<&PageToken>) -> Result<Page> {
        Ok(Page::default())
    }

    async fn get(&self, _: &Region, kind: Kind, key: &str) -> Result<Option<Observed>> {
        self.call().await;
        let created = CREATED.lock().unwrap();
        let created = created.values().flatten().find(|created| created.key == key && created.is_visible());
        let created = created.filter(|_| kind == VOLUME);
        Ok(created.map(|created| volume(key, &created.name, gateway_core::kind::VolumeState::Available)))
    }

    async fn act(&self, _: &Region, step: &Step<'_>) -> Result<Done> {
        self.call().await;
        if let (Command::Update(command), Some(target)) = (step.command, step.target) {
            return rename(&target.native_key, command.name.as_deref());
        }
        let Command::CreateVolume(command) = step.command else { return Ok(Done::default()) };
        let behaviour = command.name.split('-').next().unwrap_or_default();
        let delay = match behaviour {
            "late" => Some(Duration::from_millis(2000)),
            "never" | "stuck" | "hang" => None,
            _ => Some(Duration::ZERO),
        };
        let key = format!("{}-{}", step.marker, uuid::Uuid::new_v4());
        let created = CreatedVolume {
            key: key.clone(),
            name: command.name.clone(),
            visible_from: delay.map(|delay| Instant::now() + delay),
        };
        CREATED.lock().unwrap().entry(step.marker).or_default().push(created);
        if behaviour == "late" {
            tokio::time::sleep(Duration::from_millis(1200)).await;
        }
        while behaviour == "hang"
            || (behaviour == "held" && !RELEASED.lock().unwrap().contains(&command.name))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        match behaviour {
            "late" | "never" | "stuck" => Err(Error::new(ErrorKind::Timeout, "no answer in time")),
            _ => Ok(Done { touched: vec![Touched::new(VOLUME, key)], ..Done::default() }),
        }
    }

    async fn find(&self, _: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let is_first = {
            let mut lookups = LOOKUPS.lock().unwrap();
            let count = lookups.entry(step.marker).or_default();
            *count += 1;
            *count == 1
        };
        if let Command::CreateVolume(command) = step.command
            && command.name.starts_with("stuck")
            && !is_first
        {
            std::future::pending::<()>().await;
        }
        let created = CREATED.lock().unwrap();
        let visible = created.get(&step.marker).into_iter().flatten().find(|created| created.is_visible());
        Ok(visible.map(|created| Touched::new(VOLUME, created.key.clone())))
    }

    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }
}

/// A created volume. The first word of its name selects the behaviour: the create of `late` times out and the volume
/// appears later, `never` times out without a volume, every lookup of `stuck` except the first hangs, `hang` hangs, and
/// `held` is answered when it is released.
struct CreatedVolume {
    key: String,
    name: String,
    visible_from: Option<Instant>,
}

impl CreatedVolume {
    fn is_visible(&self) -> bool {
        self.visible_from.is_some_and(|visible_from| visible_from <= Instant::now())
    }
}

static CREATED: LazyLock<Mutex<HashMap<Marker, Vec<CreatedVolume>>>> = LazyLock::new(Mutex::default);
static CALLS: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);
static RELEASED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
static PROOFS: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);
static LOOKUPS: LazyLock<Mutex<HashMap<Marker, usize>>> = LazyLock::new(Mutex::default);

/// Applies a new name, then refuses the rest of the update.
fn rename(key: &str, name: Option<&str>) -> Result<Done> {
    let mut created = CREATED.lock().unwrap();
    if let (Some(volume), Some(name)) =
        (created.values_mut().flatten().find(|created| created.key == key), name)
    {
        name.clone_into(&mut volume.name);
    }
    Err(Error::new(ErrorKind::Conflict, "not while it is in use").after_a_part(true))
}

/// Answers the create of a volume whose name begins with `held`.
pub(crate) fn release(name: &str) {
    RELEASED.lock().unwrap().insert(name.to_owned());
}

/// Returns how many calls were made for an account whose name begins with `paced`.
pub(crate) fn call_count(account: &str) -> usize {
    CALLS.lock().unwrap().get(account).copied().unwrap_or(0)
}

/// Returns how many proofs were begun for an account.
pub(crate) fn proof_count(account: &str) -> usize {
    PROOFS.lock().unwrap().get(account).copied().unwrap_or(0)
}

/// Returns how many creates named a volume so.
pub(crate) fn create_count(name: &str) -> usize {
    CREATED.lock().unwrap().values().flatten().filter(|created| created.name == name).count()
}

/// Returns how often volumes of that name were looked up.
pub(crate) fn lookup_count(name: &str) -> usize {
    let created = CREATED.lock().unwrap();
    let of_name = created.iter().filter(|(_, created)| created.iter().any(|one| one.name == name));
    let lookups = LOOKUPS.lock().unwrap();
    of_name.filter_map(|(marker, _)| lookups.get(marker)).sum()
}

/// Returns a volume as this cloud shows it.
pub(crate) fn volume(external_id: &str, name: &str, state: gateway_core::kind::VolumeState) -> Observed {
    let fields = gateway_core::kind::Volume { size_gib: 5, ..Default::default() };
    let raw = serde_json::json!({ "the_clouds_own": external_id });
    let mut volume = Observed::new(external_id, name, &fields, raw).unwrap().with_state(state, "WORD");
    volume.created_at = Some(Timestamp::from_seconds(1_700_000_000));
    volume
}

/// Returns an image that the cloud publishes to all accounts.
pub(crate) fn image(external_id: &str) -> Observed {
    let fields = gateway_core::kind::Image::default();
    Observed::new(external_id, external_id, &fields, serde_json::json!({})).unwrap()
}
