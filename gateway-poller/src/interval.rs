//! How long until the next listing: short where something moves, long where nothing does or all fails.

use std::time::Duration;

use gateway_core::config::Poller;

/// Interval where something moves.
pub(crate) fn moving(config: &Poller) -> Duration {
    Duration::from_secs(config.moving_interval_seconds)
}

/// Interval where nothing does.
pub(crate) fn quiet(config: &Poller) -> Duration {
    Duration::from_secs(config.interval_seconds).max(moving(config))
}

/// Longest interval that failures lead to.
pub(crate) fn longest(config: &Poller) -> Duration {
    Duration::from_secs(config.max_backoff_seconds).max(moving(config))
}

/// After a whole listing: back to the short interval when something moves, then twice the last one each
/// time that nothing does.
fn after_listing(config: &Poller, last: Duration, moves: bool) -> Duration {
    if moves { moving(config) } else { (last * 2).clamp(moving(config), quiet(config)) }
}

/// After so many failures in a row.
pub(crate) fn after_failures(config: &Poller, failures: i32) -> Duration {
    let doublings = failures.saturating_sub(1).clamp(0, 20).unsigned_abs();
    moving(config).saturating_mul(1 << doublings).min(longest(config))
}

/// The wait that follows a whole listing. On coming to the quiet interval it is any from half of that on: a gateway that
/// starts, or comes back, lists everything at once, and would do so in every interval.
pub(crate) fn until_next(config: &Poller, last: Duration, moves: bool, seed: u64) -> Duration {
    let interval = after_listing(config, last, moves);
    let comes_to_rest = interval == quiet(config) && last * 6 / 5 < interval;
    if comes_to_rest {
        permille(interval, 500 + scatter(seed) % 501)
    } else {
        spread(interval, seed).max(moving(config))
    }
}

/// Ten per cent more or less, the same for the same seed: targets that started together drift apart.
pub(crate) fn spread(interval: Duration, seed: u64) -> Duration {
    permille(interval, 900 + scatter(seed) % 201)
}

fn permille(interval: Duration, permille: u64) -> Duration {
    interval * u32::try_from(permille).unwrap_or(1000) / 1000
}

/// The finalizer of `SplitMix64`: near seeds give far numbers.
fn scatter(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
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
    fn what_started_together_is_sent_apart_at_once_and_then_stays_near_its_interval() {
        let config = Poller::default();
        let waits = |last: u64| -> Vec<u64> {
            (0..1000)
                .map(|seed| until_next(&config, Duration::from_secs(last), false, seed))
                .map(|wait| u64::try_from(wait.as_millis()).unwrap())
                .collect()
        };
        let grown = waits(40);
        assert!(grown.iter().all(|wait| (30_000..=60_000).contains(wait)));
        for tenth in 0..10 {
            let there = grown.iter().filter(|wait| (**wait - 30_000) / 3_001 == tenth).count();
            assert!((60..=140).contains(&there), "{there} of 1000 in tenth {tenth}");
        }
        assert!(waits(58).iter().all(|wait| (54_000..=66_000).contains(wait)));
    }

    #[test]
    fn failures_double_up_to_the_longest() {
        let config = Poller::default();
        let waits: Vec<_> =
            [1, 2, 3, 8, 100, i32::MAX].map(|failures| seconds(after_failures(&config, failures))).into();
        assert_eq!(waits, [5, 10, 20, 600, 600, 600]);
    }

    #[test]
    fn jitter_stays_within_ten_per_cent_and_does_spread() {
        let base = Duration::from_secs(60);
        let all: Vec<_> = (0..1000).map(|seed| spread(base, seed)).collect();
        assert!(all.iter().all(|wait| (54_000..=66_000).contains(&wait.as_millis())));
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert!(distinct.len() > 150);
    }
}
