//! The target of the checks of one kind, and the frame in which each check runs.

use std::future::Future;
use std::time::Duration;

use gateway_core::driver::{KindCapability, ListScope, Session};
use gateway_core::id::Region;

use crate::report::{Report, Verdict, failed};
use crate::subject::Subject;

/// Longest time for one check. Higher tolerates slower clouds; lower finds hangs sooner.
const CHECK_TIME: Duration = Duration::from_secs(180);

/// A kind in one region, seen by one session.
pub(super) struct Target<'a> {
    pub(super) subject: &'a Subject,
    pub(super) session: &'a dyn Session,
    pub(super) region: &'a Region,
    pub(super) capability: &'static KindCapability,
}

impl Target<'_> {
    /// Returns the scopes that the driver lists of this kind.
    pub(super) fn scopes(&self) -> Vec<ListScope> {
        let own = self.capability.own.then_some(ListScope::Own);
        let published = self.capability.published.then_some(ListScope::Published);
        own.into_iter().chain(published).collect()
    }

    /// Returns the name of a check: region, kind and the sentence `what`.
    pub(super) fn label(&self, what: &str) -> String {
        format!("{} {}: {what}", self.region, self.capability.kind)
    }
}

/// Runs one check; a check that hangs fails after [`CHECK_TIME`].
pub(super) async fn check(report: &mut Report, name: impl Into<String>, work: impl Future<Output = Verdict>) {
    let verdict = match tokio::time::timeout(CHECK_TIME, work).await {
        Ok(verdict) => verdict,
        Err(_) => failed(format!("it did not end within {} s", CHECK_TIME.as_secs())),
    };
    report.add(name, verdict);
}
