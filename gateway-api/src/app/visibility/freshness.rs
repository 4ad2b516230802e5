//! The freshness of a scope: how old its data is, and why it is not newer.

use std::time::Duration;

use gateway_core::id::{Holder, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::{Authority, TargetStatus, VisibleTarget};

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

impl ScopeFreshness {
    /// Describes a target at a moment of the database's clock.
    pub(crate) fn of(target: &VisibleTarget, now: Timestamp) -> Self {
        let (status, reason) = match target.status {
            TargetStatus::Pending => (Freshness::Stale, Some("not listed yet".to_owned())),
            TargetStatus::Failed => (Freshness::Failed, target.reason.clone()),
            TargetStatus::Suspended => (Freshness::Suspended, target.reason.clone()),
            TargetStatus::Forbidden => (Freshness::Forbidden, target.reason.clone()),
            TargetStatus::Fresh if is_late(target, now) => {
                let reason = target.reason.clone();
                (Freshness::Stale, reason.or_else(|| Some("not listed for too long".to_owned())))
            }
            TargetStatus::Fresh => (Freshness::Fresh, target.reason.clone()),
        };
        Self {
            cloud: target.cloud_name.clone(),
            region: target.region.clone(),
            holder: target.holder,
            kind: target.kind,
            as_of: target.as_of,
            status,
            reason,
        }
    }

    /// Describes the scopes of a kind that the caller's own credentials may not list. They are named, because a
    /// missing scope would read as an empty one.
    pub(crate) fn forbidden(authority: &Authority, kind: Kind) -> impl Iterator<Item = Self> {
        authority.grants.iter().flat_map(move |grant| {
            let refused = grant.access.0.iter().filter(move |(_, kinds)| kinds.get(&kind) == Some(&false));
            refused.map(move |(region, _)| Self {
                cloud: grant.cloud_name.clone(),
                region: region.clone(),
                holder: Holder::Account(grant.account.id),
                kind,
                as_of: None,
                status: Freshness::Forbidden,
                reason: Some("the credential may not list this kind here".to_owned()),
            })
        })
    }

    /// Marks the scope as stale if it is older than requested: a refresh did not end in time.
    pub(crate) fn require(&mut self, as_of: Timestamp) {
        if self.status == Freshness::Fresh && self.as_of.is_none_or(|at| at < as_of) {
            self.status = Freshness::Stale;
            self.reason.get_or_insert_with(|| "it could not be listed again in time".to_owned());
        }
    }

    /// Returns the age of the oldest scope that can be listed; `None` if one of them was never listed.
    pub(crate) fn oldest_age(scopes: &[Self], now: Timestamp) -> Option<Duration> {
        let mut oldest = Duration::ZERO;
        for scope in scopes.iter().filter(|scope| scope.status != Freshness::Forbidden) {
            oldest = oldest.max(now.since(scope.as_of?));
        }
        Some(oldest)
    }
}

fn is_late(target: &VisibleTarget, now: Timestamp) -> bool {
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
        let target = |age: u64, status| VisibleTarget {
            id: TargetId(1),
            cloud: CloudId::generate(),
            cloud_name: "c".to_owned(),
            region: Region::new("r"),
            holder: Holder::Global,
            kind: Kind::ALL[0],
            as_of: Some(now.minus(Duration::from_secs(age))),
            status,
            reason: None,
            interval_ms: 60_000,
        };
        let status = |age, status| ScopeFreshness::of(&target(age, status), now).status;
        assert_eq!(status(270, TargetStatus::Fresh), Freshness::Fresh);
        assert_eq!(status(271, TargetStatus::Fresh), Freshness::Stale);
        assert_eq!(status(0, TargetStatus::Failed), Freshness::Failed);
        assert_eq!(status(0, TargetStatus::Pending), Freshness::Stale);
    }
}
