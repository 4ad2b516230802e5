//! Clock skew on both sides of the limit, and answers without `Date`.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::ErrorKind;
use gateway_core::clock::Clock;
use gateway_core::id::Region;

use super::failures::FaultySession;
use super::target::check;
use crate::fault::Fault;
use crate::report::{Report, Verdict, ensure, failed};
use crate::subject::Subject;

/// Skew beyond the limit of 300 s, with a margin for rounding and round trip.
const REJECTED: i64 = 302;

/// Skew within the limit.
const ACCEPTED: i64 = 298;

/// Latest start of a request in a second of the clock, so that its `Date` is of the same second.
const EARLY_MICROS: i64 = 300_000;

pub(super) async fn run(subject: &Subject, region: &Region, report: &mut Report) {
    for seconds in [REJECTED, -REJECTED] {
        let name = format!("a clock skew of {seconds} s is rejected until the clock is right");
        check(report, name, rejected(subject, region, seconds)).await;
    }
    for seconds in [ACCEPTED, -ACCEPTED] {
        let name = format!("a clock skew of {seconds} s is accepted");
        check(report, name, accepted(subject, region, seconds)).await;
    }
    check(report, "an answer without Date raises a notice", noticed(subject, region)).await;
    check(report, "an answer without Date is refused if require_date is set", required(subject, region))
        .await;
}

/// Waits for the start of a second: `Date` has whole seconds, so the measured skew depends on the fraction.
async fn early_in_a_second(clock: &Arc<dyn Clock>) {
    while clock.now().0.rem_euclid(1_000_000) > EARLY_MICROS {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn rejected(subject: &Subject, region: &Region, seconds: i64) -> Verdict {
    let faulty = FaultySession::open(subject, region, subject.cloud.clone()).await?;
    faulty.inject(Fault::Skew { seconds }).await?;
    early_in_a_second(&subject.clock).await;
    let listed = faulty.list().await;
    early_in_a_second(&subject.clock).await;
    let proven = subject.open()?.prove().await;
    faulty.recover().await?;
    let Err(error) = listed else { return failed("the listing was accepted") };
    let ErrorKind::ClockSkew { seconds: reported } = error.kind() else {
        return failed(format!("{error:?}"));
    };
    ensure(reported.abs_diff(seconds) <= 2, || format!("{reported} s are reported"))?;
    match proven {
        Ok(_) => failed("the proof was accepted"),
        Err(error) => {
            ensure(matches!(error.kind(), ErrorKind::ClockSkew { .. }), || format!("proof: {error:?}"))
        }
    }
}

async fn accepted(subject: &Subject, region: &Region, seconds: i64) -> Verdict {
    let faulty = FaultySession::open(subject, region, subject.cloud.clone()).await?;
    faulty.inject(Fault::Skew { seconds }).await?;
    let listed = faulty.list().await;
    let proven = subject.open()?.prove().await;
    faulty.recover().await?;
    listed?;
    proven?;
    Ok(())
}

async fn noticed(subject: &Subject, region: &Region) -> Verdict {
    let mut cloud = subject.cloud.clone();
    cloud.require_date = false;
    let faulty = FaultySession::open(subject, region, cloud).await?;
    ensure(faulty.session.notices().is_empty(), || format!("before: {:?}", faulty.session.notices()))?;
    faulty.inject(Fault::NoDate).await?;
    let listed = faulty.list().await;
    let notices = faulty.session.notices();
    faulty.recover().await?;
    listed?;
    ensure(!notices.is_empty(), || "no notice was raised".to_owned())?;
    ensure(faulty.session.notices().is_empty(), || format!("after: {:?}", faulty.session.notices()))
}

async fn required(subject: &Subject, region: &Region) -> Verdict {
    let mut cloud = subject.cloud.clone();
    cloud.require_date = true;
    let faulty = FaultySession::open(subject, region, cloud).await?;
    faulty.inject(Fault::NoDate).await?;
    let listed = faulty.list().await;
    faulty.recover().await?;
    match listed {
        Ok(count) => failed(format!("it returned {count} items")),
        Err(_) => Ok(()),
    }
}
