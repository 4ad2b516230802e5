//! The clock gate, on both sides of its limit.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::ErrorKind;
use gateway_core::clock::Clock;
use gateway_core::id::Region;

use super::check;
use super::failures::Warm;
use crate::fault::Fault;
use crate::report::{Report, Verdict, ensure, failed};
use crate::subject::Subject;

/// Beyond the limit of 300 s even when rounding and round trip are given to the endpoint.
const REJECTED: i64 = 302;

/// Within the limit.
const ACCEPTED: i64 = 298;

/// A request that starts this early in a second of the clock gets its `Date` in the same second.
const EARLY_MICROS: i64 = 300_000;

pub(super) async fn run(subject: &Subject, region: &Region, report: &mut Report) {
    for seconds in [REJECTED, -REJECTED] {
        let name = format!("a clock that is {seconds} s off is rejected, and taken again when it is right");
        check(report, name, rejected(subject, region, seconds)).await;
    }
    for seconds in [ACCEPTED, -ACCEPTED] {
        let name = format!("a clock that is {seconds} s off is accepted");
        check(report, name, accepted(subject, region, seconds)).await;
    }
    check(report, "answers without Date are noticed", noticed(subject, region)).await;
    check(report, "answers without Date are refused where one is required", required(subject, region)).await;
}

/// `Date` has whole seconds: what it says of 302 s depends on when in the second it was written.
async fn early_in_a_second(clock: &Arc<dyn Clock>) {
    while clock.now().0.rem_euclid(1_000_000) > EARLY_MICROS {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn rejected(subject: &Subject, region: &Region, seconds: i64) -> Verdict {
    let warm = Warm::up(subject, region, subject.cloud.clone()).await?;
    warm.inject(Fault::Skew { seconds }).await?;
    early_in_a_second(&subject.clock).await;
    let listed = warm.list().await;
    early_in_a_second(&subject.clock).await;
    let proven = subject.open()?.prove().await;
    warm.heal().await?;
    let Err(error) = listed else { return failed("the listing was taken") };
    let ErrorKind::ClockSkew { seconds: told } = error.kind() else { return failed(format!("{error:?}")) };
    ensure(told.abs_diff(seconds) <= 2, || format!("{told} s are told"))?;
    match proven {
        Ok(_) => failed("the proof was taken"),
        Err(error) => {
            ensure(matches!(error.kind(), ErrorKind::ClockSkew { .. }), || format!("proof: {error:?}"))
        }
    }
}

async fn accepted(subject: &Subject, region: &Region, seconds: i64) -> Verdict {
    let warm = Warm::up(subject, region, subject.cloud.clone()).await?;
    warm.inject(Fault::Skew { seconds }).await?;
    let listed = warm.list().await;
    let proven = subject.open()?.prove().await;
    warm.heal().await?;
    listed?;
    proven?;
    Ok(())
}

async fn noticed(subject: &Subject, region: &Region) -> Verdict {
    let mut cloud = subject.cloud.clone();
    cloud.require_date = false;
    let warm = Warm::up(subject, region, cloud).await?;
    ensure(warm.session.notices().is_empty(), || format!("before: {:?}", warm.session.notices()))?;
    warm.inject(Fault::NoDate).await?;
    let listed = warm.list().await;
    let notices = warm.session.notices();
    warm.heal().await?;
    listed?;
    ensure(!notices.is_empty(), || "there is no notice".to_owned())?;
    ensure(warm.session.notices().is_empty(), || format!("after: {:?}", warm.session.notices()))
}

async fn required(subject: &Subject, region: &Region) -> Verdict {
    let mut cloud = subject.cloud.clone();
    cloud.require_date = true;
    let warm = Warm::up(subject, region, cloud).await?;
    warm.inject(Fault::NoDate).await?;
    let listed = warm.list().await;
    warm.heal().await?;
    match listed {
        Ok(count) => failed(format!("it listed {count} items")),
        Err(_) => Ok(()),
    }
}
