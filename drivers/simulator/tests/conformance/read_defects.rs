//! Defects of reads: each is found by its check.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use driver_conformance::{Outcome, Report, Subject};
use driver_simulator::{Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{
    Capability, CloudSpec, Driver, ListScope, Notice, Page, PageToken, Proof, Session, SessionContext,
};
use gateway_core::id::Region;
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::fixtures;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    ListsDuplicates,
    ListsPublicAsOwn,
    ChangesNames,
    ReturnsUnknownState,
    LosesRaw,
    LosesStateWords,
    MapsNothing,
    ShortensKeys,
    FindsNothing,
    FindsAnotherForAbsent,
    ReturnsAbsenceForErrors,
    ReturnsEmptyForErrors,
    ReturnsUnauthorizedForErrors,
    IgnoresClockSkew,
}

struct Defective(Defect);

struct DefectiveSession {
    defect: Defect,
    inner: Arc<dyn Session>,
    calls: AtomicI64,
}

impl Driver for Defective {
    fn name(&self) -> &'static str {
        "defective"
    }

    fn capability(&self) -> &'static Capability {
        SimulatorDriver.capability()
    }

    fn validate(&self, cloud: &CloudSpec) -> Result<()> {
        SimulatorDriver.validate(cloud)
    }

    fn open(
        &self,
        cloud: Arc<CloudSpec>,
        credential: Credential,
        link: SessionContext,
    ) -> Result<Arc<dyn Session>> {
        let inner = SimulatorDriver.open(cloud, credential, link)?;
        Ok(Arc::new(DefectiveSession { defect: self.0, inner, calls: AtomicI64::new(0) }))
    }
}

#[async_trait]
impl Session for DefectiveSession {
    async fn prove(&self) -> Result<Proof> {
        self.inner.prove().await.map_err(|error| match self.defect {
            Defect::ReturnsUnauthorizedForErrors => Error::new(ErrorKind::Unauthorized, "refused"),
            _ => error,
        })
    }

    async fn probe(&self, region: &Region, kind: Kind) -> Result<()> {
        self.inner.probe(region, kind).await
    }

    async fn list(
        &self,
        region: &Region,
        kind: Kind,
        scope: ListScope,
        page: Option<&PageToken>,
    ) -> Result<Page> {
        let mut page = match self.inner.list(region, kind, scope, page).await {
            Err(_) if self.defect == Defect::ReturnsEmptyForErrors => return Ok(Page::default()),
            Err(error)
                if self.defect == Defect::IgnoresClockSkew
                    && matches!(error.kind(), ErrorKind::ClockSkew { .. }) =>
            {
                return Ok(Page::default());
            }
            page => page?,
        };
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        for item in &mut page.items {
            match self.defect {
                Defect::ListsPublicAsOwn if scope == ListScope::Own => item.visibility = Visibility::Public,
                Defect::ChangesNames => item.name = format!("{} {call}", item.name),
                Defect::ReturnsUnknownState if item.state.is_some() => item.state = Some("unknown"),
                Defect::LosesRaw => item.raw = serde_json::Value::Null,
                Defect::LosesStateWords => item.cloud_state = None,
                Defect::MapsNothing => item.fields = item.raw.as_object().cloned().unwrap_or_default(),
                Defect::ShortensKeys => item.native_key.clone_from(&item.external_id),
                _ => {}
            }
        }
        if self.defect == Defect::ListsDuplicates {
            page.items.extend(page.items.first().cloned());
        }
        Ok(page)
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let found = self.inner.get(region, kind, native_key).await;
        match self.defect {
            Defect::FindsNothing => Ok(None),
            Defect::FindsAnotherForAbsent if matches!(found, Ok(None)) => {
                Ok(self.inner.list(region, kind, ListScope::Own, None).await?.items.into_iter().next())
            }
            Defect::ReturnsAbsenceForErrors => Ok(found.unwrap_or_default()),
            _ => found,
        }
    }

    fn notices(&self) -> Vec<Notice> {
        self.inner.notices()
    }
}

async fn report_on(defect: Defect, with_faults: bool) -> Report {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let cloud = fixtures::registration(&simulator);
    let mut subject = Subject::new(Defective(defect), cloud, fixtures::access_key("demo-secret"))
        .with_wrong_credential(fixtures::access_key("wrong-secret"))
        .with_absent_key(fixtures::absent_key);
    if with_faults {
        subject = subject.with_faults(Arc::new(fixtures::control_endpoint::ControlEndpoint::of(&simulator)));
    }
    let report = driver_conformance::run(subject).await;
    simulator.stop().await;
    report
}

fn assert_found(defect: Defect, report: &Report, check: &str) {
    let found = matches!(report.outcome(check), Some(Outcome::Failed(_)));
    assert!(found, "{defect:?} is not found by {check:?}:\n{report}");
}

#[tokio::test]
async fn defects_of_documents_and_listings_fail_their_checks() {
    let complete = "north instance: a listing is complete, canonical and without duplicates (Own)";
    for (defect, check) in [
        (Defect::ListsDuplicates, complete),
        (Defect::ListsPublicAsOwn, complete),
        (Defect::ReturnsUnknownState, complete),
        (Defect::LosesRaw, complete),
        (Defect::ChangesNames, "north instance: a second listing equals the first (Own)"),
        (Defect::FindsNothing, "north instance: a single read equals the listing"),
        (Defect::FindsAnotherForAbsent, "north instance: a resource that does not exist is absent"),
        (Defect::ReturnsEmptyForErrors, "instance: a listing of an unknown region is an error"),
        (Defect::ReturnsUnauthorizedForErrors, "an unreachable cloud is unavailable, not unauthorized"),
    ] {
        assert_found(defect, &report_on(defect, false).await, check);
    }
}

/// The documents of the cloud are canonical for no kind, so that a driver without a mapping fails for each.
#[tokio::test]
async fn driver_without_mapping_fails_for_every_kind() {
    let (nothing, no_state_words) =
        (report_on(Defect::MapsNothing, false).await, report_on(Defect::LosesStateWords, false).await);
    for kind in SimulatorDriver.capability().kinds {
        for (listed, scope) in [(kind.own, ListScope::Own), (kind.published, ListScope::Published)] {
            let name = kind.kind;
            let check =
                format!("north {name}: a listing is complete, canonical and without duplicates ({scope:?})");
            if listed {
                assert_found(Defect::MapsNothing, &nothing, &check);
                let found = matches!(no_state_words.outcome(&check), Some(Outcome::Failed(_)));
                assert_eq!(found, kind.says_state, "{check}:\n{no_state_words}");
            }
        }
    }
}

#[tokio::test]
async fn native_keys_that_are_not_unique_fail_the_single_read() {
    let report = report_on(Defect::ShortensKeys, false).await;
    for kind in ["volume_attachment", "quota"] {
        let check = format!("north {kind}: a single read equals the listing");
        assert_found(Defect::ShortensKeys, &report, &check);
    }
}

#[tokio::test]
async fn errors_returned_as_absence_fail_the_failure_checks() {
    let report = report_on(Defect::ReturnsAbsenceForErrors, true).await;
    for fault in
        ["403 is forbidden", "a truncated body is an error", "an unexpected document is a wrong document"]
    {
        assert_found(Defect::ReturnsAbsenceForErrors, &report, &format!("single read: {fault}"));
    }
}

#[tokio::test]
async fn errors_returned_as_empty_listings_fail_the_failure_checks() {
    let report = report_on(Defect::ReturnsEmptyForErrors, true).await;
    for fault in ["403 is forbidden", "500 is unavailable", "a truncated body is an error"] {
        assert_found(Defect::ReturnsEmptyForErrors, &report, &format!("listing: {fault}"));
    }
}

#[tokio::test]
async fn ignored_clock_skew_fails_the_clock_checks() {
    let report = report_on(Defect::IgnoresClockSkew, true).await;
    let check = "a clock skew of 302 s is rejected until the clock is right";
    assert_found(Defect::IgnoresClockSkew, &report, check);
}
