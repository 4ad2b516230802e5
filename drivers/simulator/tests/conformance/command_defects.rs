//! Defects of commands: each is found by its check.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use driver_conformance::{Fixtures, Outcome, Report, Subject};
use driver_simulator::{Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::access::credential::Credential;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{
    Capability, CloudSpec, Done, Driver, ListScope, Notice, Page, PageToken, Proof, Session, SessionContext,
    Step, Touched,
};
use gateway_core::id::Region;
use gateway_core::kind::Verb;
use gateway_core::marker::MARKER_KEY;
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::fixtures;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    ShowsMarkers,
    FindsNothing,
    FindsAnotherForAbsent,
    LosesErrorCodes,
    ReturnsUnavailableForRefusals,
    ReturnsUnknownState,
    SkipsActions,
    TouchesAbsentResources,
    RefusesRepetitions,
}

struct Defective(Defect);

struct DefectiveSession {
    defect: Defect,
    inner: Arc<dyn Session>,
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
        Ok(Arc::new(DefectiveSession { defect: self.0, inner }))
    }
}

#[async_trait]
impl Session for DefectiveSession {
    async fn prove(&self) -> Result<Proof> {
        self.inner.prove().await
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
        self.inner.list(region, kind, scope, page).await
    }

    async fn get(&self, region: &Region, kind: Kind, native_key: &str) -> Result<Option<Observed>> {
        let mut found = self.inner.get(region, kind, native_key).await?;
        if let Some(found) = &mut found {
            match (self.defect, found.marker) {
                (Defect::ShowsMarkers, Some(marker)) => {
                    found.tags.insert(MARKER_KEY.to_owned(), marker.to_string());
                }
                (Defect::ReturnsUnknownState, _) => found.state = found.state.and(Some("unknown")),
                _ => {}
            }
        }
        Ok(found)
    }

    async fn act(&self, region: &Region, step: &Step<'_>) -> Result<Done> {
        let target = step.target.map(|target| Touched::new(target.kind, target.native_key.as_str()));
        if self.defect == Defect::SkipsActions && step.verb.is_action() {
            return Ok(Done { touched: target.into_iter().collect(), ..Done::default() });
        }
        match (self.defect, self.inner.act(region, step).await) {
            (Defect::TouchesAbsentResources, Ok(mut done)) if step.verb == Verb::Create => {
                done.touched.push(Touched::new(step.kind, fixtures::absent_key(step.kind)));
                Ok(done)
            }
            (Defect::LosesErrorCodes, Err(error)) => Err(Error::new(error.kind(), error.message())),
            (Defect::ReturnsUnavailableForRefusals, Err(error)) => {
                let words = error.cloud().cloned().unwrap_or_default();
                Err(Error::unavailable(error.message()).with_cloud(words))
            }
            (Defect::RefusesRepetitions, Err(error)) if error.kind() == ErrorKind::NotFound => {
                Err(Error::new(ErrorKind::Conflict, error.message()))
            }
            (_, result) => result,
        }
    }

    async fn find(&self, region: &Region, step: &Step<'_>) -> Result<Option<Touched>> {
        let found = self.inner.find(region, step).await?;
        match self.defect {
            Defect::FindsNothing => Ok(None),
            Defect::FindsAnotherForAbsent if found.is_none() => {
                let page = self.inner.list(region, step.kind, ListScope::Own, None).await?;
                Ok(page.items.first().map(|item| Touched::new(step.kind, item.native_key.as_str())))
            }
            _ => Ok(found),
        }
    }

    fn notices(&self) -> Vec<Notice> {
        self.inner.notices()
    }
}

async fn report_on(defect: Defect) -> Report {
    let options = SimulatorOptions { transit: Duration::from_millis(20), ..SimulatorOptions::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let cloud = fixtures::registration(&simulator);
    let subject = Subject::new(Defective(defect), cloud, fixtures::access_key("demo-secret"))
        .with_absent_key(fixtures::absent_key);
    let fixtures = Fixtures {
        poll_interval: Duration::from_millis(10),
        timeout: Duration::from_millis(300),
        ..Fixtures::new(Region::new("north"), "defect")
    };
    let report = driver_conformance::run_verbs(subject, fixtures).await;
    simulator.stop().await;
    report
}

#[tokio::test]
async fn defects_of_commands_fail_their_checks() {
    for (defect, check) in [
        (Defect::ShowsMarkers, "north volume: the new resource matches its command and hides its marker"),
        (Defect::FindsNothing, "north volume: find returns the new resource and no other"),
        (Defect::FindsAnotherForAbsent, "north volume: find returns the new resource and no other"),
        (Defect::LosesErrorCodes, "north volume: delete of a resource that does not exist is refused"),
        (
            Defect::ReturnsUnavailableForRefusals,
            "north subnet: create with a network that does not exist is refused",
        ),
        (
            Defect::ReturnsUnknownState,
            "north volume: the new resource is in a state that allows update and delete",
        ),
        (Defect::SkipsActions, "north volume: extend has its effect"),
        (Defect::TouchesAbsentResources, "north volume: create succeeds"),
        (Defect::RefusesRepetitions, "north network: delete can be repeated"),
    ] {
        let report = report_on(defect).await;
        let found = matches!(report.outcome(check), Some(Outcome::Failed(_)));
        assert!(found, "{defect:?} is not found by {check:?}:\n{report}");
    }
}
