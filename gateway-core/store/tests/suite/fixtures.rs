//! Fixtures: clouds, clients and grants.

use std::time::Duration;

use gateway_core::driver::{Capability, CloudSpec, KindCapability, Proof};
use gateway_core::id::{AccountId, CloudId, CredentialId, PrincipalId, Region};
use gateway_core::kind::{Canonical as _, Image, Instance, InstanceType, Kind, Volume};
use gateway_store::{Access, Grant, NewCloud, SealedCredential, Store};

pub const INSTANCE: Kind = Instance::KIND;
pub const INSTANCE_TYPE: Kind = InstanceType::KIND;
pub const IMAGE: Kind = Image::KIND;
pub const VOLUME: Kind = Volume::KIND;

/// A time that no test reaches.
pub const LATER: Duration = Duration::from_secs(3600);

const fn listed(kind: Kind, own: bool, published: bool) -> KindCapability {
    KindCapability { kind, own, published, get: true, says_state: true }
}

/// A capability: accounts have instances, images and volumes; types and images are published.
pub static CAPABILITY: Capability = Capability {
    kinds: &[
        listed(INSTANCE, true, false),
        listed(INSTANCE_TYPE, false, true),
        listed(IMAGE, true, true),
        listed(VOLUME, true, false),
    ],
    verbs: &[],
    credentials: &["password"],
};

/// Poll targets that follow from a grant with all kinds in one region: three of the account, two for all.
pub const OWN_TARGETS: i64 = 3;
pub const GLOBAL_TARGETS: i64 = 2;

pub fn region(name: &str) -> Region {
    Region::new(name)
}

/// Returns access to kinds in each of the regions.
pub fn access(regions: &[&str], kinds: &[Kind]) -> Access {
    let mut access = Access::default();
    for name in regions {
        for kind in Kind::ALL.iter().copied() {
            access.set(&region(name), kind, kinds.contains(&kind));
        }
    }
    access
}

/// Returns access to all kinds in region `r1`.
pub fn all() -> Access {
    access(&["r1"], &[INSTANCE, INSTANCE_TYPE, IMAGE, VOLUME])
}

pub fn spec(name: &str) -> CloudSpec {
    CloudSpec {
        id: CloudId::generate(),
        name: name.to_owned(),
        endpoint: "http://127.0.0.1:5000/v3".to_owned(),
        regions: vec![region("r1"), region("r2")],
        allowed_hosts: vec!["other.example".to_owned()],
        allow_plaintext: true,
        require_date: false,
        calls_per_second: 7.5,
        timeout: Duration::from_millis(2500),
        options: serde_json::Map::from_iter([("owners".to_owned(), serde_json::json!(["1", "2"]))]),
    }
}

pub async fn cloud(store: &Store, name: &str) -> CloudId {
    let spec = spec(name);
    let id = spec.id;
    store.cloud_add(NewCloud { driver: "simulator".to_owned(), spec }).await.unwrap();
    id
}

pub async fn client(store: &Store, name: &str) -> PrincipalId {
    let id = PrincipalId::generate();
    store.client_create(id, name, vec![7; 32]).await.unwrap();
    id
}

/// Returns a grant that is ready to be recorded, with a new credential.
pub fn proven(principal: PrincipalId, cloud: CloudId, external_id: &str, access: Access) -> Grant {
    let account = AccountId::derive(cloud, external_id);
    Grant {
        principal,
        cloud,
        proof: Proof {
            external_id: external_id.to_owned(),
            name: format!("name of {external_id}"),
            regions: access.0.keys().cloned().collect(),
        },
        access,
        credential: SealedCredential {
            id: CredentialId::generate(),
            principal,
            account,
            sealed: "sealed".to_owned(),
        },
        verify_after: LATER,
    }
}

/// Records a grant with access to all kinds in `r1`; returns its credential.
pub async fn granted(
    store: &Store,
    principal: PrincipalId,
    cloud: CloudId,
    external_id: &str,
) -> SealedCredential {
    let grant = proven(principal, cloud, external_id, all());
    let credential = grant.credential.clone();
    let account = store.grant_record(grant, &CAPABILITY).await.unwrap();
    assert_eq!(account, credential.account);
    credential
}

/// Records one client with one account of one cloud, and so five targets.
pub async fn one_account(store: &Store) -> SealedCredential {
    let (cloud, principal) = (cloud(store, "sim").await, client(store, "dashboard").await);
    granted(store, principal, cloud, "demo").await
}
