//! Probes of what a credential may list, with answers, refusals and neither.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Capability, KindCapability, ListScope, Notice, Page, PageToken, Proof, Session};
use gateway_core::id::{CloudId, Region};
use gateway_core::shares::Breakers;
use gateway_core::{Error, ErrorKind, Kind, Result};
use gateway_sessions::AccessProbe;
use gateway_store::Access;
use tokio::time::Instant;

const fn listed(kind: Kind) -> KindCapability {
    KindCapability { kind, published: false, own: true, get: true, says_state: true }
}

static CAPABILITY: Capability = Capability {
    kinds: &[listed(Kind::Instance), listed(Kind::Volume), listed(Kind::Image)],
    verbs: &[],
    credentials: &["access_key"],
};

/// The error with which probes of a region and kind fail; none for a probe that hangs.
type Failures = BTreeMap<(&'static str, Kind), Option<ErrorKind>>;

/// A session whose probes fail as told, and succeed otherwise.
#[derive(Default)]
struct FakeSession {
    failures: Failures,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Session for FakeSession {
    async fn prove(&self) -> Result<Proof> {
        Err(Error::unavailable("not called"))
    }
    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        self.asked.lock().unwrap().push(region.as_str().to_owned());
        let failure =
            self.failures.iter().find(|((of, failing), _)| *of == region.as_str() && *failing == kind);
        match failure.map(|(_, failure)| *failure) {
            None => Ok(()),
            Some(None) => std::future::pending().await,
            Some(Some(kind)) => Err(Error::new(kind, "no")),
        }
    }
    async fn list(&self, _: &Region, _: Kind, _: ListScope, _: Option<&PageToken>) -> Result<Page> {
        Err(Error::unavailable("not called"))
    }
    async fn get(&self, _: &Region, _: Kind, _: &str) -> Result<Option<Observed>> {
        Err(Error::unavailable("not called"))
    }
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }
}

async fn probe(session: &FakeSession, known: Option<&Access>, breakers: &Breakers) -> Access {
    let proof = Proof {
        external_id: "a".to_owned(),
        name: "a".to_owned(),
        regions: vec![Region::new("r1"), Region::new("r2")],
    };
    let probe = AccessProbe {
        session,
        cloud: CloudId::from_bytes(&[7; 16]).unwrap(),
        proof: &proof,
        capability: &CAPABILITY,
        known,
        breakers,
        until: Instant::now() + Duration::from_secs(30),
    };
    probe.run().await
}

fn kinds(access: &Access, region: &str) -> Vec<(Kind, bool)> {
    access
        .0
        .get(&Region::new(region))
        .into_iter()
        .flatten()
        .map(|(kind, allowed)| (*kind, *allowed))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn refusal_forbids_a_kind_and_a_region_without_it_leaves_it_out() {
    let failures = [
        (("r1", Kind::Volume), Some(ErrorKind::Forbidden)),
        (("r1", Kind::Image), Some(ErrorKind::Unsupported)),
    ];
    let session = FakeSession { failures: failures.into(), ..FakeSession::default() };
    let access = probe(&session, None, &Breakers::default()).await;
    assert_eq!(kinds(&access, "r1"), [(Kind::Instance, true), (Kind::Volume, false)]);
    assert_eq!(kinds(&access, "r2").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn kind_without_an_answer_stays_as_it_was_known() {
    let unanswered = [None, Some(ErrorKind::Unavailable), Some(ErrorKind::ClockSkew { seconds: 400 })];
    for failure in unanswered {
        let failures = CAPABILITY.kinds.iter().map(|kind| (("r1", kind.kind), failure)).collect();
        let session = FakeSession { failures, ..FakeSession::default() };
        let all = [(Kind::Instance, true), (Kind::Volume, true), (Kind::Image, true)];
        let access = probe(&session, None, &Breakers::default()).await;
        assert_eq!(kinds(&access, "r1").len(), all.len(), "new: {failure:?}");
        assert!(kinds(&access, "r1").iter().all(|(_, allowed)| *allowed), "new: {failure:?}");
        let mut known = Access::default();
        known.set(&Region::new("r1"), Kind::Instance, true);
        known.set(&Region::new("r1"), Kind::Volume, false);
        let access = probe(&session, Some(&known), &Breakers::default()).await;
        assert_eq!(kinds(&access, "r1"), kinds(&known, "r1"), "{failure:?}");
        assert_eq!(kinds(&access, "r2").len(), all.len(), "a region that is new");
    }
}

#[tokio::test(start_paused = true)]
async fn region_that_does_not_answer_is_not_asked() {
    let failures = [(("r1", Kind::Volume), Some(ErrorKind::Timeout))];
    let session = FakeSession { failures: failures.into(), ..FakeSession::default() };
    let breakers = Breakers::default();
    let only = FakeSession {
        failures: CAPABILITY.kinds.iter().map(|kind| (("r1", kind.kind), Some(ErrorKind::Timeout))).collect(),
        ..FakeSession::default()
    };
    probe(&only, None, &breakers).await;
    let access = probe(&session, None, &breakers).await;
    assert!(session.asked.lock().unwrap().iter().all(|region| region == "r2"));
    assert!(kinds(&access, "r1").iter().all(|(_, allowed)| *allowed));
}
