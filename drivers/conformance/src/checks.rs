//! The checks, one family per file.

mod clocks;
mod credentials;
mod document;
mod failures;
mod listings;
mod single;

use std::future::Future;
use std::time::Duration;

use gateway_core::driver::{KindCapability, ListScope, Session};
use gateway_core::id::Region;

use crate::report::{Report, Verdict, failed};
use crate::subject::Subject;

/// Longest time for one check. Higher tolerates slower clouds; lower finds hangs sooner.
const CHECK_TIME: Duration = Duration::from_secs(180);

/// Runs every check that the subject can take.
pub async fn run(subject: Subject) -> Report {
    let mut report = Report::default();
    credentials::run(&subject, &mut report).await;
    let opened = async {
        let session = subject.open()?;
        let proof = session.prove().await?;
        Ok((session, proof.regions))
    };
    let (session, regions) = match opened.await {
        Ok(opened) => opened,
        Err(stop) => {
            report.add("the good credential works", Err(stop));
            return report;
        }
    };
    for region in &regions {
        for capability in subject.driver.capability().kinds {
            let place = Place { subject: &subject, session: &*session, region, capability };
            listings::run(&place, &mut report).await;
            single::run(&place, &mut report).await;
        }
    }
    listings::run_unknown_region(&subject, &*session, &mut report).await;
    if let Some(region) = regions.first() {
        failures::run(&subject, region, &mut report).await;
        clocks::run(&subject, region, &mut report).await;
    }
    report
}

/// One kind in one region, seen by one session.
struct Place<'a> {
    subject: &'a Subject,
    session: &'a dyn Session,
    region: &'a Region,
    capability: &'static KindCapability,
}

impl Place<'_> {
    fn scopes(&self) -> Vec<ListScope> {
        let own = self.capability.own.then_some(ListScope::Own);
        let published = self.capability.published.then_some(ListScope::Published);
        own.into_iter().chain(published).collect()
    }

    fn label(&self, what: &str) -> String {
        format!("{} {}: {what}", self.region, self.capability.kind)
    }
}

/// Runs one check, and ends it when it hangs.
async fn check(report: &mut Report, name: impl Into<String>, work: impl Future<Output = Verdict>) {
    let verdict = match tokio::time::timeout(CHECK_TIME, work).await {
        Ok(verdict) => verdict,
        Err(_) => failed(format!("no end after {} s", CHECK_TIME.as_secs())),
    };
    report.add(name, verdict);
}
