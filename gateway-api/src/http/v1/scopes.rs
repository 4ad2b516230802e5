//! How old an answer is and which parts of it could not be refreshed, scope by scope.

use std::time::Duration;

use gateway_core::id::{Holder, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::{Authority, TargetStatus, VisibleTarget};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::operation::schema_of;
use crate::http::conditional::EntityTag;

/// A listing this many intervals old is stale: one may be late and another under way.
const INTERVALS: i64 = 3;

/// And this much on top, for the listing itself. Longer hides a stuck poller; shorter cries over a slow cloud.
const ALLOWANCE: Duration = Duration::from_secs(90);

/// One scope of a listing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Scope {
    /// Name of the cloud.
    pub(crate) cloud: String,
    /// The region.
    #[schema(value_type = String)]
    pub(crate) region: Region,
    /// Id of the account, or `global` for what the cloud publishes to all.
    pub(crate) account: String,
    /// The kind.
    #[schema(value_type = String)]
    pub(crate) kind: Kind,
    /// When the last whole listing began; null before the first.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) as_of: Option<Timestamp>,
    /// Whether to rely on it.
    pub(crate) status: Status,
    /// Why it is not fresh, or a warning.
    pub(crate) reason: Option<String>,
}

/// How far a scope can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Listed whole, lately.
    Fresh,
    /// Not listed for too long, or not yet.
    Stale,
    /// The last attempt failed.
    Failed,
    /// Not listed for now, such as for a clock that is off.
    Suspended,
    /// The credential may not list it.
    Forbidden,
}

impl Scope {
    /// What is to be said of a target at a moment of the database's clock.
    pub(crate) fn of(target: &VisibleTarget, now: Timestamp) -> Self {
        let (status, reason) = match target.status {
            TargetStatus::Pending => (Status::Stale, Some("not listed yet".to_owned())),
            TargetStatus::Failed => (Status::Failed, target.reason.clone()),
            TargetStatus::Suspended => (Status::Suspended, target.reason.clone()),
            TargetStatus::Forbidden => (Status::Forbidden, target.reason.clone()),
            TargetStatus::Fresh if is_late(target, now) => {
                (Status::Stale, target.reason.clone().or_else(|| Some("not listed for too long".to_owned())))
            }
            TargetStatus::Fresh => (Status::Fresh, target.reason.clone()),
        };
        Self {
            cloud: target.cloud_name.clone(),
            region: target.region.clone(),
            account: target.holder.to_string(),
            kind: target.kind,
            as_of: target.as_of,
            status,
            reason,
        }
    }

    /// Says so when the scope is older than somebody wanted it: it could not be refreshed in time.
    pub(super) fn demand(&mut self, as_of: Timestamp) {
        if self.status == Status::Fresh && self.as_of.is_none_or(|at| at < as_of) {
            self.status = Status::Stale;
            self.reason.get_or_insert_with(|| "it could not be listed anew in time".to_owned());
        }
    }

    /// Adds what a client would want to hear of anew: all but the age.
    pub(super) fn add_to(&self, tag: &mut EntityTag) {
        tag.add(self.cloud.as_bytes());
        tag.add(self.region.as_str().as_bytes());
        tag.add(self.account.as_bytes());
        tag.add(&[self.status as u8, u8::from(self.as_of.is_some())]);
        tag.add(self.reason.as_deref().unwrap_or_default().as_bytes());
    }

    /// Age of the oldest part; `None` while one of them was never listed.
    pub(super) fn age(scopes: &[Self], now: Timestamp) -> Option<Duration> {
        let mut oldest = Duration::ZERO;
        for scope in scopes.iter().filter(|scope| scope.status != Status::Forbidden) {
            oldest = oldest.max(now.since(scope.as_of?));
        }
        Some(oldest)
    }

    /// What the caller's own credentials may not list of a kind: named, so that nobody takes it for empty.
    pub(crate) fn forbidden(authority: &Authority, kind: Kind) -> impl Iterator<Item = Self> {
        authority.grants.iter().flat_map(move |grant| {
            let refused = grant.access.0.iter().filter(move |(_, kinds)| kinds.get(&kind) == Some(&false));
            refused.map(move |(region, _)| Self {
                cloud: grant.cloud_name.clone(),
                region: region.clone(),
                account: Holder::Account(grant.account.id).to_string(),
                kind,
                as_of: None,
                status: Status::Forbidden,
                reason: Some("the credential may not list this kind here".to_owned()),
            })
        })
    }
}

fn is_late(target: &VisibleTarget, now: Timestamp) -> bool {
    let interval = Duration::from_millis((target.interval_ms * INTERVALS).unsigned_abs());
    target.as_of.is_none_or(|as_of| now.since(as_of) > interval + ALLOWANCE)
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Scope>("Scope"), schema_of::<Status>("Status")]
}

#[cfg(test)]
mod tests {
    use gateway_core::id::{CloudId, TargetId};

    use super::*;

    #[test]
    fn a_listing_goes_stale_by_its_own_interval() {
        let now = Timestamp::from_seconds(10_000);
        let target = |age: u64, status| VisibleTarget {
            id: TargetId(1),
            cloud: CloudId::generate(),
            cloud_name: "c".to_owned(),
            region: Region::new("r"),
            holder: Holder::Global,
            kind: Kind::parse("volume").unwrap(),
            as_of: Some(now.minus(Duration::from_secs(age))),
            status,
            reason: None,
            interval_ms: 60_000,
        };
        let status = |age, status| Scope::of(&target(age, status), now).status;
        assert_eq!(status(270, TargetStatus::Fresh), Status::Fresh);
        assert_eq!(status(271, TargetStatus::Fresh), Status::Stale);
        assert_eq!(status(0, TargetStatus::Failed), Status::Failed);
        assert_eq!(status(0, TargetStatus::Pending), Status::Stale);
    }
}
