//! What the driver makes of a cloud that fails: the right error, never a short or empty answer.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::driver::{KindCapability, ListScope, Session};
use gateway_core::id::Region;
use gateway_core::{Error, ErrorKind};

use super::check;
use super::listings::whole;
use crate::fault::{Fault, Faults};
use crate::report::{Report, Stop, Verdict, ensure, failed, skipped};
use crate::subject::Subject;

/// Longer than any driver sleeps by itself, so that the error comes at once.
const RETRY_AFTER: Duration = Duration::from_secs(17);

/// The time limit for the check of slow answers, and what goes beyond it.
const LIMIT: Duration = Duration::from_secs(3);
const BEYOND_LIMIT: Duration = Duration::from_secs(6);

/// Whether an error is the one that a fault must lead to.
type IsRight = fn(&Error) -> bool;

pub(super) async fn run(subject: &Subject, region: &Region, report: &mut Report) {
    let expected: [(&str, Fault, IsRight); 6] = [
        ("401 is unauthorized", Fault::Unauthorized, |error| error.kind() == ErrorKind::Unauthorized),
        ("403 is forbidden", Fault::Forbidden, |error| error.kind() == ErrorKind::Forbidden),
        ("429 is rate limited for as long as the cloud says", limited(), |error| {
            error.kind() == ErrorKind::RateLimited && error.retry_after() == Some(RETRY_AFTER)
        }),
        ("500 is unavailable", Fault::ServerError, |error| error.kind() == ErrorKind::Unavailable),
        ("half a page is an error", Fault::HalfBody, |error| {
            matches!(error.kind(), ErrorKind::WrongDocument | ErrorKind::Unavailable)
        }),
        ("another document is a wrong document", Fault::WrongDocument, |error| {
            error.kind() == ErrorKind::WrongDocument
        }),
    ];
    for (name, fault, is_right) in expected {
        check(report, format!("listing: {name}"), listing(subject, region, fault, is_right)).await;
        check(report, format!("single read: {name}"), single(subject, region, fault, is_right)).await;
    }
    check(report, "proof: only a refusal is a refusal", proof(subject)).await;
    check(report, "an answer beyond the time limit is a timeout", late(subject, region)).await;
}

fn limited() -> Fault {
    Fault::RateLimited { retry_after: RETRY_AFTER }
}

/// A session that has listed already, the listing's capability, and who can break it.
pub(super) struct Warm<'a> {
    pub(super) session: Arc<dyn Session>,
    pub(super) faults: &'a dyn Faults,
    pub(super) kind: &'static KindCapability,
    pub(super) scope: ListScope,
    region: &'a Region,
}

impl<'a> Warm<'a> {
    pub(super) async fn up(
        subject: &'a Subject,
        region: &'a Region,
        cloud: gateway_core::driver::CloudSpec,
    ) -> Verdict<Self> {
        let Some(faults) = subject.faults.as_deref() else { return skipped("nothing here can break it") };
        let Some(kind) = subject.driver.capability().kinds.first() else { return skipped("no kinds") };
        let scope = if kind.own { ListScope::Own } else { ListScope::Published };
        let session = subject.open_at(cloud, subject.good.clone())?;
        faults.clear().await;
        let warm = Self { session, faults, kind, scope, region };
        warm.list().await?;
        Ok(warm)
    }

    pub(super) async fn list(&self) -> gateway_core::Result<usize> {
        Ok(whole(&*self.session, self.region, self.kind.kind, self.scope).await?.len())
    }

    pub(super) async fn inject(&self, fault: Fault) -> Verdict {
        self.faults.inject(fault).await.map_err(Stop::Skipped)
    }

    /// Clears the fault; after a proof, which a refused credential needs, the same session must work again.
    pub(super) async fn heal(&self) -> Verdict {
        self.faults.clear().await;
        self.session.prove().await?;
        match self.list().await {
            Ok(_) => Ok(()),
            Err(error) => failed(format!("it does not recover: {error:?}")),
        }
    }
}

async fn listing(subject: &Subject, region: &Region, fault: Fault, is_right: IsRight) -> Verdict {
    let warm = Warm::up(subject, region, subject.cloud.clone()).await?;
    warm.inject(fault).await?;
    let result = warm.list().await;
    warm.heal().await?;
    match result {
        Ok(count) => failed(format!("it listed {count} items")),
        Err(error) => ensure(is_right(&error), || format!("{error:?}")),
    }
}

async fn single(subject: &Subject, region: &Region, fault: Fault, is_right: IsRight) -> Verdict {
    let warm = Warm::up(subject, region, subject.cloud.clone()).await?;
    if !warm.kind.get {
        return skipped("the driver cannot read single resources");
    }
    let absent = (subject.absent_key)(warm.kind.kind);
    let key =
        match warm.session.list(region, warm.kind.kind, warm.scope, None).await?.items.into_iter().next() {
            Some(item) => item.native_key,
            None => absent,
        };
    warm.inject(fault).await?;
    let result = warm.session.get(region, warm.kind.kind, &key).await;
    warm.heal().await?;
    match result {
        Ok(Some(_)) => failed("it was read"),
        Ok(None) => failed("it was said to be gone"),
        Err(error) => ensure(is_right(&error), || format!("{error:?}")),
    }
}

async fn proof(subject: &Subject) -> Verdict {
    let Some(faults) = subject.faults.as_deref() else { return skipped("nothing here can break it") };
    for fault in [Fault::ServerError, Fault::HalfBody, Fault::WrongDocument, limited(), Fault::Unauthorized] {
        faults.inject(fault).await.map_err(Stop::Skipped)?;
        let result = subject.open()?.prove().await;
        faults.clear().await;
        match result {
            Ok(proof) => return failed(format!("{fault:?} proved {proof:?}")),
            Err(error) => {
                let refused = error.kind() == ErrorKind::Unauthorized;
                ensure(refused == (fault == Fault::Unauthorized), || format!("{fault:?}: {error:?}"))?;
            }
        }
    }
    Ok(())
}

async fn late(subject: &Subject, region: &Region) -> Verdict {
    let mut cloud = subject.cloud.clone();
    cloud.timeout = LIMIT;
    let warm = Warm::up(subject, region, cloud).await?;
    warm.inject(Fault::Latency(BEYOND_LIMIT)).await?;
    let result = warm.list().await;
    warm.heal().await?;
    match result {
        Ok(count) => failed(format!("it listed {count} items")),
        Err(error) => ensure(error.kind() == ErrorKind::Timeout, || format!("{error:?}")),
    }
}
