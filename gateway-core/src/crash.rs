//! Crash points: named points at which a fault test aborts or freezes the process.
//!
//! Set `GATEWAY_TEST_CRASH` to a point's name, or to `name:N` for its N-th passing. `freeze@name` stops the process there
//! until it gets `SIGCONT`. Without the variable a point costs one read of a flag. The points, by role:
//!
//! - poller: `poller.claimed` (leases taken, nothing listed), `poller.page` (a page arrived), `poller.after_apply`
//!   (a page is stored), `poller.before_finish` (everything is stored, the lease is still held);
//! - relay: `relay.numbered` (events have positions), `relay.published` (the broker confirmed some),
//!   `relay.before_mark` (the broker confirmed all, the store is not updated);
//! - operations: `operation.accepted` (journaled), `operation.sent` (journaled that the call is being made),
//!   `operation.acted` (the cloud has answered), `operation.shown` (the result is stored), `operation.settled` (ended, the
//!   client is not answered);
//! - handler: `handler.received` (a request arrived), `handler.before_reply` (done, the client is not answered).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The point at which the process ends or freezes.
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

/// Aborts or freezes the process if a fault test chose this point.
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
    // The shell's built-in `kill`, because not every machine has the program.
    let frozen = std::process::Command::new("sh").args(["-c", &format!("kill -STOP {pid}")]).status();
    assert!(frozen.is_ok_and(|status| status.success()), "a fault test needs a shell");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_has_a_point_and_a_passing() {
        let plan = |name: &str, passing| Plan { name: name.to_owned(), passing, freezes: false };
        assert_eq!(Plan::parse("poller.page"), plan("poller.page", 1));
        assert_eq!(Plan::parse("poller.page:3"), plan("poller.page", 3));
        assert_eq!(Plan::parse("freeze@poller.page:3"), Plan { freezes: true, ..plan("poller.page", 3) });
        point("poller.page");
    }
}
