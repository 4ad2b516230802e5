//! The suite of verbs: everything that a driver says it can do is done once, and what comes of it is looked at.
//!
//! It makes what it needs, under a prefix, and removes all of it. Nothing else of the account is touched.

mod action;
mod desk;
mod fit;
mod fixtures;
mod guards;
mod images;
mod instances;
mod life;
mod networks;
mod quotas;
mod unknown;
mod volumes;

use gateway_core::Result;

use crate::report::Report;
use crate::subject::Subject;
use desk::Desk;
pub use fixtures::Fixtures;

/// Runs the suite of verbs in one region.
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
            report.add("the good credential works", Err(error.into()));
            return report;
        }
    };
    let desk = Desk::new(&subject, &*session, &fixtures);
    guards::run(&desk, &mut report).await;
    networks::run(&desk, &mut report).await;
    volumes::run(&desk, &mut report).await;
    images::run(&desk, &mut report).await;
    instances::run(&desk, &mut report).await;
    quotas::run(&desk, &mut report).await;
    unknown::run(&desk, &mut report).await;
    report.add("everything that was made is gone again", desk.clear().await);
    report
}
