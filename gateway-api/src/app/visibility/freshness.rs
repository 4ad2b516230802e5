//! The freshness of a scope: how old its data is, and why it is not newer.

use std::time::Duration;

use gateway_core::id::{Holder, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::{TargetState, TargetStatus};

use super::authority::Authority;

/// Poll intervals after which a listing is stale: one poll may be late and another under way.
const INTERVALS: i64 = 3;

/// Time added for the listing itself. A higher value hides a stuck poller; a lower one reports slow clouds as stale.
const ALLOWANCE: Duration = Duration::from_secs(90);

/// A scope and kind, and how far its data can be relied on.
#[derive(Clone, Debug)]
pub(crate) struct ScopeFreshness {
    /// The name of the cloud.
    pub(crate) cloud: String,
    pub(crate) region: Region,
    pub(crate) holder: Holder,
    pub(crate) kind: Kind,
    /// The beginning of the last complete listing; none before the first.
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) status: Freshness,
    /// The reason why the scope is not fresh, or a warning.
    pub(crate) reason: Option<String>,
}

/// How far a scope can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Completely and recently listed.
    Fresh,
    /// Not listed for too long, or not yet.
    Stale,
    /// The last attempt failed.
    Failed,
    /// Not listed for now, for example because a clock is off.
    Suspended,
    /// The caller's credential may not list it.
    Forbidden,
}

impl Freshness {
    pub(crate) const ALL: [Self; 5] =
        [Self::Fresh, Self::Stale, Self::Failed, Self::Suspended, Self::Forbidden];

    /// Returns how far a target can be relied on at a moment of the database's clock. A listing from before `required` is
    /// stale: a refresh did not end in time.
    pub(super) fn of(target: &TargetState, required: Option<Timestamp>, now: Timestamp) -> Self {
        match target.status {
            TargetStatus::Pending => Self::Stale,
            TargetStatus::Failed => Self::Failed,
            TargetStatus::Suspended => Self::Suspended,
            TargetStatus::Forbidden => Self::Forbidden,
            TargetStatus::Fresh if is_late(target, now) || is_too_old(target, required) => Self::Stale,
            TargetStatus::Fresh => Self::Fresh,
        }
    }
}

impl ScopeFreshness {
    /// Describes a target at a moment of the database's clock.
    pub(super) fn of(
        target: &TargetState,
        authority: &Authority,
        required: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let default = match target.status {
            TargetStatus::Pending => Some("not listed yet"),
            TargetStatus::Fresh if is_late(target, now) => Some("not listed for too long"),
            TargetStatus::Fresh if is_too_old(target, required) => {
                Some("it could not be listed again in time")
            }
            _ => None,
        };
        let reason = match target.status {
            TargetStatus::Pending => None,
            _ => target.reason.clone(),
        };
        Self {
            cloud: authority.cloud_name(target.cloud).unwrap_or_default().to_owned(),
            region: target.region.clone(),
            holder: target.holder,
            kind: target.kind,
            as_of: target.as_of,
            status: Freshness::of(target, required, now),
            reason: reason.or_else(|| default.map(str::to_owned)),
        }
    }
}

fn is_too_old(target: &TargetState, required: Option<Timestamp>) -> bool {
    required.is_some_and(|required| target.as_of.is_none_or(|at| at < required))
}

fn is_late(target: &TargetState, now: Timestamp) -> bool {
    let interval = Duration::from_millis((target.interval_ms * INTERVALS).unsigned_abs());
    target.as_of.is_none_or(|as_of| now.since(as_of) > interval + ALLOWANCE)
}

#[cfg(test)]
mod tests {
    use gateway_core::id::{CloudId, TargetId};

    use super::*;

    #[test]
    fn listing_becomes_stale_after_three_intervals() {
        let now = Timestamp::from_seconds(10_000);
        let target = |age: u64, status| TargetState {
            id: TargetId(1),
            cloud: CloudId::generate(),
            region: Region::new("r"),
            holder: Holder::Global,
            kind: Kind::ALL[0],
            as_of: Some(now.minus(Duration::from_secs(age))),
            status,
            reason: None,
            interval_ms: 60_000,
            changed_at: now,
        };
        let status = |age, status| Freshness::of(&target(age, status), None, now);
        assert_eq!(status(270, TargetStatus::Fresh), Freshness::Fresh);
        assert_eq!(status(271, TargetStatus::Fresh), Freshness::Stale);
        assert_eq!(status(0, TargetStatus::Failed), Freshness::Failed);
        assert_eq!(status(0, TargetStatus::Pending), Freshness::Stale);
    }
}
