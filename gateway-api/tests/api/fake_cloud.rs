//! A driver over no network: the secret of an access key says how the cloud behaves.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Done, Driver, KindCapability, ListScope, Notice, Page, PageToken, Proof, Session,
    SessionContext, Step, Touched,
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
        _cloud: Arc<CloudSpec>,
        credential: Credential,
        _link: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        match credential {
            Credential::AccessKey { access_key_id, secret_access_key, .. } => Ok(Arc::new(FakeSession {
                account: access_key_id,
                secret: secret_access_key.expose().to_owned(),
            })),
            other => Err(Error::invalid(format!("this cloud takes no {}", other.method()))),
        }
    }
}

#[async_trait]
impl Session for FakeSession {
    async fn prove(&self) -> Result<Proof> {
        let skewed = || Skew { micros: 400_000_000, uncertainty: Duration::ZERO };
        match self.secret.as_str() {
            "wrong" => Err(Error::new(ErrorKind::Unauthorized, "the cloud refused the key")),
            "skewed" => Err(skewed().to_error("the fake cloud")),
            "down" => Err(Error::unavailable("the fake cloud is down")),
            "panic" => panic!("the driver has a defect"),
            "hang" => std::future::pending().await,
            _ => Ok(Proof {
                external_id: self.account.clone(),
                name: format!("account {}", self.account),
                regions: vec![Region::new("r1"), Region::new("r2")],
            }),
        }
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
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
        let made = MADE.lock().unwrap();
        let made = made.values().flatten().find(|made| made.key == key && made.is_shown());
        let made = made.filter(|_| kind == VOLUME);
        Ok(made.map(|made| volume(key, &made.name, gateway_core::kind::VolumeState::Available)))
    }

    async fn act(&self, _: &Region, step: &Step<'_>) -> Result<Done> {
        if let (Command::Update(order), Some(target)) = (step.command, step.target) {
            return renamed(&target.native_key, order.name.as_deref());
        }
        let Command::CreateVolume(order) = step.command else { return Ok(Done::default()) };
        let behaviour = order.name.split('-').next().unwrap_or_default();
        let delay = match behaviour {
            "late" => Some(Duration::from_millis(2000)),
            "never" | "stuck" => None,
            _ => Some(Duration::ZERO),
        };
        let key = format!("{}-{}", step.marker, uuid::Uuid::new_v4());
        let made = MadeVolume {
            key: key.clone(),
            name: order.name.clone(),
            shown: delay.map(|delay| Instant::now() + delay),
        };
        MADE.lock().unwrap().entry(step.marker).or_default().push(made);
        if behaviour == "late" {
            tokio::time::sleep(Duration::from_millis(1200)).await;
        }
        match behaviour {
            "late" | "never" | "stuck" => Err(Error::new(ErrorKind::Timeout, "no answer in time")),
            _ => Ok(Done { touched: vec![Touched::new(VOLUME, key)], ..Done::default() }),
        }
    }

    async fn find(&self, _: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let is_first = {
            let mut looks = LOOKS.lock().unwrap();
            let count = looks.entry(step.marker).or_default();
            *count += 1;
            *count == 1
        };
        if let Command::CreateVolume(order) = step.command
            && order.name.starts_with("stuck")
            && !is_first
        {
            std::future::pending::<()>().await;
        }
        let made = MADE.lock().unwrap();
        let shown = made.get(&step.marker).into_iter().flatten().find(|made| made.is_shown());
        Ok(shown.map(|made| Touched::new(VOLUME, made.key.clone())))
    }

    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }
}

/// A volume that was made; the first word of its name says how: `late` times out and is shown later, `never` times out
/// and is not made, of `stuck` every look but the first hangs.
struct MadeVolume {
    key: String,
    name: String,
    shown: Option<Instant>,
}

impl MadeVolume {
    fn is_shown(&self) -> bool {
        self.shown.is_some_and(|shown| shown <= Instant::now())
    }
}

static MADE: LazyLock<Mutex<HashMap<Marker, Vec<MadeVolume>>>> = LazyLock::new(Mutex::default);
static LOOKS: LazyLock<Mutex<HashMap<Marker, usize>>> = LazyLock::new(Mutex::default);

/// Takes a new name, and then refuses the rest of what was to be changed.
fn renamed(key: &str, name: Option<&str>) -> Result<Done> {
    let mut made = MADE.lock().unwrap();
    if let (Some(volume), Some(name)) = (made.values_mut().flatten().find(|made| made.key == key), name) {
        name.clone_into(&mut volume.name);
    }
    Err(Error::new(ErrorKind::Conflict, "not while it is in use").after_a_part(true))
}

/// How often volumes of that name were asked for.
pub(crate) fn asked_for(name: &str) -> usize {
    MADE.lock().unwrap().values().flatten().filter(|made| made.name == name).count()
}

/// How often volumes of that name were looked for.
pub(crate) fn looked_for(name: &str) -> usize {
    let made = MADE.lock().unwrap();
    let of_name = made.iter().filter(|(_, made)| made.iter().any(|one| one.name == name));
    let looks = LOOKS.lock().unwrap();
    of_name.filter_map(|(marker, _)| looks.get(marker)).sum()
}

/// A volume as this cloud shows it.
pub(crate) fn volume(external_id: &str, name: &str, state: gateway_core::kind::VolumeState) -> Observed {
    let fields = gateway_core::kind::Volume { size_gib: 5, ..Default::default() };
    let raw = serde_json::json!({ "the_clouds_own": external_id });
    let mut volume = Observed::new(external_id, name, &fields, raw).unwrap().with_state(state, "WORD");
    volume.created_at = Some(Timestamp::from_seconds(1_700_000_000));
    volume
}

/// An image that the cloud publishes to all.
pub(crate) fn image(external_id: &str) -> Observed {
    let fields = gateway_core::kind::Image::default();
    Observed::new(external_id, external_id, &fields, serde_json::json!({})).unwrap()
}
