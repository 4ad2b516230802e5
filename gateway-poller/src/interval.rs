//! The wait until a target's next listing: short while records change, long while they rest or listings fail.

use std::time::Duration;

use gateway_core::backoff::Backoff;
use gateway_core::config::Poller;

/// Returns the interval of a target with changing records.
pub(crate) fn moving(config: &Poller) -> Duration {
    Duration::from_secs(config.moving_interval_seconds)
}

/// Returns the interval of a target at rest.
pub(crate) fn quiet(config: &Poller) -> Duration {
    Duration::from_secs(config.interval_seconds).max(moving(config))
}

/// Returns the longest interval after failures.
pub(crate) fn longest(config: &Poller) -> Duration {
    Duration::from_secs(config.max_backoff_seconds).max(moving(config))
}

/// Returns the interval after a whole listing: the short one if records change, otherwise twice the last one, up to the
/// quiet one.
fn after_listing(config: &Poller, last: Duration, moves: bool) -> Duration {
    if moves { moving(config) } else { (last * 2).clamp(moving(config), quiet(config)) }
}

/// Returns the backoff after a number of consecutive failures, without jitter.
pub(crate) fn after_failures(config: &Poller, failures: i32) -> Duration {
    Backoff::new(moving(config), longest(config)).longest_after(failures.max(0).unsigned_abs())
}

/// Returns the wait after a whole listing, with jitter. When a target comes to the quiet interval, the wait is any part
/// of it from half on: a gateway that starts lists all targets at once, and would do so in every interval.
pub(crate) fn until_next(config: &Poller, last: Duration, moves: bool) -> Duration {
    let interval = after_listing(config, last, moves);
    let comes_to_rest = interval == quiet(config) && last * 6 / 5 < interval;
    if comes_to_rest {
        permille(interval, fastrand::u32(500..=1000))
    } else {
        spread(interval).max(moving(config))
    }
}

/// Returns an interval changed at random by up to ten per cent, so that targets that started together drift apart.
pub(crate) fn spread(interval: Duration) -> Duration {
    permille(interval, fastrand::u32(900..=1100))
}

fn permille(interval: Duration, permille: u32) -> Duration {
    interval * permille / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(duration: Duration) -> u64 {
        duration.as_secs()
    }

    #[test]
    fn quiet_doubles_up_to_the_interval_and_movement_shortens_at_once() {
        let config = Poller::default();
        let mut interval = Duration::ZERO;
        let mut seen = Vec::new();
        for moves in [true, false, false, false, false, false, true] {
            interval = after_listing(&config, interval, moves);
            seen.push(seconds(interval));
        }
        assert_eq!(seen, [5, 10, 20, 40, 60, 60, 5]);
    }

    #[test]
    fn targets_spread_on_coming_to_rest_and_then_keep_near_the_interval() {
        fastrand::seed(7);
        let config = Poller::default();
        let waits = |last: u64| -> Vec<u64> {
            (0..1000)
                .map(|_| until_next(&config, Duration::from_secs(last), false))
                .map(|wait| u64::try_from(wait.as_millis()).unwrap())
                .collect()
        };
        let spread_out = waits(40);
        assert!(spread_out.iter().all(|wait| (30_000..=60_000).contains(wait)));
        for tenth in 0..10 {
            let count = spread_out.iter().filter(|wait| (**wait - 30_000) / 3_001 == tenth).count();
            assert!((60..=140).contains(&count), "{count} of 1000 in tenth {tenth}");
        }
        assert!(waits(58).iter().all(|wait| (54_000..=66_000).contains(wait)));
    }

    #[test]
    fn failures_double_the_interval_up_to_the_longest() {
        let config = Poller::default();
        let waits: Vec<_> =
            [1, 2, 3, 8, 100, i32::MAX].map(|failures| seconds(after_failures(&config, failures))).into();
        assert_eq!(waits, [5, 10, 20, 600, 600, 600]);
    }

    #[test]
    fn jitter_spreads_within_ten_per_cent() {
        fastrand::seed(7);
        let base = Duration::from_secs(60);
        let all: Vec<_> = (0..1000).map(|_| spread(base)).collect();
        assert!(all.iter().all(|wait| (54_000..=66_000).contains(&wait.as_millis())));
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert!(distinct.len() > 150);
    }
}
