//! A driver over no network: the secret of an access key says how the cloud behaves.

use std::sync::Arc;

use async_trait::async_trait;
use gateway_core::credential::Credential;
use gateway_core::driver::{
    Capability, CloudSpec, Driver, KindCapability, Link, ListScope, Notice, Page, PageToken, Proof, Session,
};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::observation::Observed;
use gateway_core::scope::Region;
use gateway_core::skew::Skew;
use gateway_core::{Kind, Timestamp};

pub(crate) const VOLUME: Kind = Kind::new("volume");
pub(crate) const IMAGE: Kind = Kind::new("image");
pub(crate) const INSTANCE: Kind = Kind::new("instance");

static CAPABILITY: Capability = Capability {
    kinds: &[
        KindCapability { kind: VOLUME, published: false, own: true, get: true, says_state: true },
        KindCapability { kind: IMAGE, published: true, own: true, get: true, says_state: true },
        KindCapability { kind: INSTANCE, published: false, own: true, get: true, says_state: true },
    ],
    verbs: &[],
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

    fn open(&self, _cloud: Arc<CloudSpec>, credential: Credential, _link: Link) -> Result<Arc<dyn Session>> {
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
        let skewed = || Skew { micros: 400_000_000, uncertainty: std::time::Duration::ZERO };
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

    async fn get(&self, _: &Region, _: Kind, _: &str) -> Result<Option<Observed>> {
        Ok(None)
    }

    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }
}

/// A volume as this cloud shows it.
pub(crate) fn volume(external_id: &str, name: &str, state: gateway_core::kinds::VolumeState) -> Observed {
    let fields = gateway_core::kinds::Volume { size_gib: 5, ..Default::default() };
    let raw = serde_json::json!({ "the_clouds_own": external_id });
    let mut volume = Observed::new(external_id, name, &fields, raw).unwrap().with_state(state, "WORD");
    volume.created_at = Some(Timestamp::from_seconds(1_700_000_000));
    volume
}

/// An image that the cloud publishes to all.
pub(crate) fn image(external_id: &str) -> Observed {
    let fields = gateway_core::kinds::Image::default();
    Observed::new(external_id, external_id, &fields, serde_json::json!({})).unwrap()
}
