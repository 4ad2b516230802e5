//! The suite of reads: credentials, listings, single reads, failures and clocks. One family of checks per file.

mod clocks;
mod credentials;
mod document;
mod failures;
mod listings;
mod single;
mod target;

use crate::report::Report;
use crate::subject::Subject;
use target::Target;

/// Runs every check of reads that the capability of the driver and the environment allow.
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
            report.add("a valid credential opens a session", Err(stop));
            return report;
        }
    };
    for region in &regions {
        for capability in subject.driver.capability().kinds {
            let target = Target { subject: &subject, session: &*session, region, capability };
            listings::run(&target, &mut report).await;
            single::run(&target, &mut report).await;
        }
    }
    listings::run_unknown_region(&subject, &*session, &mut report).await;
    if let Some(region) = regions.first() {
        failures::run(&subject, region, &mut report).await;
        clocks::run(&subject, region, &mut report).await;
    }
    report
}
