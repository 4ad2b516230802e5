//! Failures of the cloud: each leads to its error, never to a short or empty answer.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::driver::{KindCapability, ListScope, Session};
use gateway_core::id::Region;
use gateway_core::{Error, ErrorKind};

use super::listings::list_all;
use super::target::check;
use crate::fault::{Fault, FaultInjector};
use crate::report::{Report, Stop, Verdict, ensure, failed, skipped};
use crate::subject::Subject;

/// `Retry-After` of the rate limit: longer than any driver waits by itself, so that the error comes at once.
const RETRY_AFTER: Duration = Duration::from_secs(17);

/// Timeout of the check of slow answers.
const LIMIT: Duration = Duration::from_secs(3);
/// Latency beyond that timeout.
const BEYOND_LIMIT: Duration = Duration::from_secs(6);

/// Test of the error that a fault must lead to.
type Expected = fn(&Error) -> bool;

pub(super) async fn run(subject: &Subject, region: &Region, report: &mut Report) {
    let expected: [(&str, Fault, Expected); 6] = [
        ("401 is unauthorized", Fault::Unauthorized, |error| error.kind() == ErrorKind::Unauthorized),
        ("403 is forbidden", Fault::Forbidden, |error| error.kind() == ErrorKind::Forbidden),
        ("429 is rate limited with the Retry-After of the cloud", rate_limited(), |error| {
            error.kind() == ErrorKind::RateLimited && error.retry_after() == Some(RETRY_AFTER)
        }),
        ("500 is unavailable", Fault::ServerError, |error| error.kind() == ErrorKind::Unavailable),
        ("a truncated body is an error", Fault::HalfBody, |error| {
            matches!(error.kind(), ErrorKind::WrongDocument | ErrorKind::Unavailable)
        }),
        ("an unexpected document is a wrong document", Fault::WrongDocument, |error| {
            error.kind() == ErrorKind::WrongDocument
        }),
    ];
    for (name, fault, expected) in expected {
        check(report, format!("listing: {name}"), listing(subject, region, fault, expected)).await;
        check(report, format!("single read: {name}"), single(subject, region, fault, expected)).await;
    }
    check(report, "prove: only 401 is unauthorized", proof(subject)).await;
    check(report, "an answer beyond the timeout is a timeout", timeout(subject, region)).await;
}

fn rate_limited() -> Fault {
    Fault::RateLimited { retry_after: RETRY_AFTER }
}

/// A session that has listed once, and the means to break its cloud.
pub(super) struct FaultySession<'a> {
    pub(super) session: Arc<dyn Session>,
    pub(super) faults: &'a dyn FaultInjector,
    pub(super) kind: &'static KindCapability,
    pub(super) scope: ListScope,
    region: &'a Region,
}

impl<'a> FaultySession<'a> {
    pub(super) async fn open(
        subject: &'a Subject,
        region: &'a Region,
        cloud: gateway_core::driver::CloudSpec,
    ) -> Verdict<Self> {
        let Some(faults) = subject.faults.as_deref() else {
            return skipped("the environment cannot inject faults");
        };
        let Some(kind) = subject.driver.capability().kinds.first() else {
            return skipped("the driver has no kinds");
        };
        let scope = if kind.own { ListScope::Own } else { ListScope::Published };
        let session = subject.open_at(cloud, subject.credential.clone())?;
        faults.clear().await;
        let faulty = Self { session, faults, kind, scope, region };
        faulty.list().await?;
        Ok(faulty)
    }

    pub(super) async fn list(&self) -> gateway_core::Result<usize> {
        Ok(list_all(&*self.session, self.region, self.kind.kind, self.scope).await?.len())
    }

    pub(super) async fn inject(&self, fault: Fault) -> Verdict {
        self.faults.inject(fault).await.map_err(Stop::Skipped)
    }

    /// Clears the fault and checks that the same session works again after a proof, which a refused credential needs.
    pub(super) async fn recover(&self) -> Verdict {
        self.faults.clear().await;
        self.session.prove().await?;
        match self.list().await {
            Ok(_) => Ok(()),
            Err(error) => failed(format!("the session does not recover: {error:?}")),
        }
    }
}

async fn listing(subject: &Subject, region: &Region, fault: Fault, expected: Expected) -> Verdict {
    let faulty = FaultySession::open(subject, region, subject.cloud.clone()).await?;
    faulty.inject(fault).await?;
    let result = faulty.list().await;
    faulty.recover().await?;
    match result {
        Ok(count) => failed(format!("it returned {count} items")),
        Err(error) => ensure(expected(&error), || format!("{error:?}")),
    }
}

async fn single(subject: &Subject, region: &Region, fault: Fault, expected: Expected) -> Verdict {
    let faulty = FaultySession::open(subject, region, subject.cloud.clone()).await?;
    if !faulty.kind.get {
        return skipped("the driver has no single read");
    }
    let absent = (subject.absent_key)(faulty.kind.kind);
    let key = match faulty
        .session
        .list(region, faulty.kind.kind, faulty.scope, None)
        .await?
        .items
        .into_iter()
        .next()
    {
        Some(item) => item.native_key,
        None => absent,
    };
    faulty.inject(fault).await?;
    let result = faulty.session.get(region, faulty.kind.kind, &key).await;
    faulty.recover().await?;
    match result {
        Ok(Some(_)) => failed("it was found"),
        Ok(None) => failed("it was reported as absent"),
        Err(error) => ensure(expected(&error), || format!("{error:?}")),
    }
}

async fn proof(subject: &Subject) -> Verdict {
    let Some(faults) = subject.faults.as_deref() else {
        return skipped("the environment cannot inject faults");
    };
    for fault in
        [Fault::ServerError, Fault::HalfBody, Fault::WrongDocument, rate_limited(), Fault::Unauthorized]
    {
        faults.inject(fault).await.map_err(Stop::Skipped)?;
        let result = subject.open()?.prove().await;
        faults.clear().await;
        match result {
            Ok(proof) => return failed(format!("{fault:?} led to {proof:?}")),
            Err(error) => {
                let refused = error.kind() == ErrorKind::Unauthorized;
                ensure(refused == (fault == Fault::Unauthorized), || format!("{fault:?}: {error:?}"))?;
            }
        }
    }
    Ok(())
}

async fn timeout(subject: &Subject, region: &Region) -> Verdict {
    let mut cloud = subject.cloud.clone();
    cloud.timeout = LIMIT;
    let faulty = FaultySession::open(subject, region, cloud).await?;
    faulty.inject(Fault::Latency(BEYOND_LIMIT)).await?;
    let result = faulty.list().await;
    faulty.recover().await?;
    match result {
        Ok(count) => failed(format!("it returned {count} items")),
        Err(error) => ensure(error.kind() == ErrorKind::Timeout, || format!("{error:?}")),
    }
}
