//! The decision whether to wait for a target.

use std::time::Duration;

use gateway_core::Timestamp;
use gateway_store::{RefreshProgress, TargetStatus};

/// The longest wait for a listing to begin. A target that is due later will not be fresh in time for its waiters.
const SOON: Duration = Duration::from_secs(1);

/// Returns whether a listing that is new enough is still expected soon. `before` is the target as it was when the wait
/// began.
pub(super) fn is_expected(before: &RefreshProgress, now: &RefreshProgress, as_of: Timestamp) -> bool {
    if now.as_of.is_some_and(|at| at >= as_of) {
        return false;
    }
    if now.under_way {
        return true;
    }
    let attempted = now.epoch > before.epoch || before.under_way;
    let failed = attempted && !matches!(now.status, TargetStatus::Fresh | TargetStatus::Pending);
    !failed && now.due_in.is_some_and(|due| due <= SOON)
}

#[cfg(test)]
mod tests {
    use gateway_core::id::TargetId;

    use super::*;

    fn seen(at: i64, status: TargetStatus, epoch: i64, due: Option<u64>) -> RefreshProgress {
        RefreshProgress {
            target: TargetId(1),
            as_of: Some(Timestamp(at)),
            status,
            epoch,
            under_way: false,
            due_in: due.map(Duration::from_secs),
            failures: 0,
            interval: Duration::from_secs(60),
        }
    }

    #[test]
    fn only_listing_under_way_or_due_soon_is_expected() {
        let before = seen(900, TargetStatus::Fresh, 4, Some(0));
        let under_way = |progress| RefreshProgress { under_way: true, ..progress };
        for (now, expected) in [
            (seen(1000, TargetStatus::Fresh, 5, Some(60)), false),
            (seen(900, TargetStatus::Fresh, 4, Some(0)), true),
            (under_way(seen(900, TargetStatus::Fresh, 5, Some(60))), true),
            // It failed, the cloud asked for a pause, or no credential can list it.
            (seen(900, TargetStatus::Failed, 5, Some(0)), false),
            (seen(900, TargetStatus::Fresh, 5, Some(30)), false),
            (seen(900, TargetStatus::Suspended, 4, None), false),
        ] {
            assert_eq!(is_expected(&before, &now, Timestamp(1000)), expected, "{now:?}");
        }
    }
}
