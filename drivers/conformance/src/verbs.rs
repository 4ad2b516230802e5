//! The suite of commands: each verb of the capability is executed once, and its effect is checked.
//!
//! The suite creates the resources that it needs, under a prefix, and deletes all of them. It touches nothing else
//! of the account.

mod absent;
mod action;
mod fixtures;
mod images;
mod instances;
mod lifecycle;
mod networks;
mod quotas;
mod runner;
mod security;
mod volumes;
mod without_unsupported;

use gateway_core::Result;

use crate::report::Report;
use crate::subject::Subject;
pub use fixtures::Fixtures;
use runner::Runner;

/// Runs every check of commands that the capability of the driver and the fixtures allow, in one region.
pub async fn run_verbs(subject: Subject, fixtures: Fixtures) -> Report {
    let mut report = Report::default();
    let opened: Result<_> = async {
        let session = subject.open()?;
        session.prove().await?;
        Ok(session)
    }
    .await;
    let session = match opened {
        Ok(session) => session,
        Err(error) => {
            report.add("a valid credential opens a session", Err(error.into()));
            return report;
        }
    };
    let runner = Runner::new(&subject, &*session, &fixtures);
    security::run(&runner, &mut report).await;
    networks::run(&runner, &mut report).await;
    volumes::run(&runner, &mut report).await;
    images::run(&runner, &mut report).await;
    instances::run(&runner, &mut report).await;
    quotas::run(&runner, &mut report).await;
    absent::run(&runner, &mut report).await;
    report.add("every created resource is deleted", runner.delete_all().await);
    report
}
