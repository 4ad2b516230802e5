//! Named points at which a fault test ends the process as hard as `kill -9` would, or freezes it.
//!
//! Set `GATEWAY_TEST_CRASH` to a point's name, or to `name:N` for the N-th passing of it; `freeze@name` stops the
//! process there until somebody sends it `SIGCONT`. Not set, as in every real run, a point costs one read of a flag. The points, by role:
//!
//! - poller: `poller.claimed` (leases taken, nothing listed), `poller.page` (a page came), `poller.after_apply`
//!   (a page is in the store), `poller.before_finish` (all is in the store, the lease not given back);
//! - relay: `relay.numbered` (events have positions), `relay.published` (the broker confirmed some),
//!   `relay.before_mark` (the broker confirmed all, the store does not know);
//! - operations: `operation.accepted` (it is written down), `operation.sent` (so is that a cloud is asked now),
//!   `operation.acted` (the cloud has answered), `operation.shown` (the store has what was done), `operation.settled`
//!   (it is over, nobody was told);
//! - handler: `handler.received` (a request came), `handler.before_reply` (it is done, nobody was told).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where to end.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    name: String,
    passing: u64,
    freezes: bool,
}

impl Plan {
    fn parse(text: &str) -> Self {
        let (text, freezes) = text.strip_prefix("freeze@").map_or((text, false), |text| (text, true));
        let counted = text.rsplit_once(':').and_then(|(name, n)| Some((name, n.parse().ok()?)));
        let (name, passing) = counted.unwrap_or((text, 1));
        Self { name: name.to_owned(), passing, freezes }
    }
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
static PASSED: AtomicU64 = AtomicU64::new(0);

/// Ends the process here if a fault test asked for it.
pub fn point(name: &str) {
    let plan = PLAN.get_or_init(|| std::env::var("GATEWAY_TEST_CRASH").ok().as_deref().map(Plan::parse));
    let Some(plan) = plan else { return };
    if plan.name != name || PASSED.fetch_add(1, Ordering::SeqCst) + 1 != plan.passing {
        return;
    }
    if !plan.freezes {
        std::process::abort();
    }
    let pid = std::process::id();
    // The shell's own `kill`: the program is a package that not every machine has.
    let frozen = std::process::Command::new("sh").args(["-c", &format!("kill -STOP {pid}")]).status();
    assert!(frozen.is_ok_and(|status| status.success()), "a fault test needs a shell");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_a_point_and_which_passing() {
        let plan = |name: &str, passing| Plan { name: name.to_owned(), passing, freezes: false };
        assert_eq!(Plan::parse("poller.page"), plan("poller.page", 1));
        assert_eq!(Plan::parse("poller.page:3"), plan("poller.page", 3));
        assert_eq!(Plan::parse("freeze@poller.page:3"), Plan { freezes: true, ..plan("poller.page", 3) });
        point("poller.page");
    }
}
