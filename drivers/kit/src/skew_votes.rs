//! The votes of endpoints on the gateway's clock, counted as they change.

use std::collections::BTreeMap;

use gateway_core::skew::Skew;

/// Endpoints that must be known before the gateway's clock can be the suspect. More needs more evidence; fewer lets two
/// wrong clouds outvote it.
const QUORUM: usize = 3;

/// The last skews of all endpoints.
#[derive(Debug, Default)]
pub(crate) struct SkewVotes {
    /// Endpoints with a skew. One without `Date` has no vote.
    measured: usize,
    ahead: Excessive,
    behind: Excessive,
}

/// The excessive skews in one direction.
#[derive(Debug, Default)]
struct Excessive {
    count: usize,
    by_seconds: BTreeMap<i64, usize>,
}

impl SkewVotes {
    pub(crate) fn add(&mut self, skew: Option<Skew>) {
        let Some(skew) = skew else { return };
        self.measured += 1;
        if let Some(side) = self.side(skew) {
            side.count += 1;
            *side.by_seconds.entry(skew.seconds()).or_default() += 1;
        }
    }

    /// Removes a skew that was added.
    pub(crate) fn remove(&mut self, skew: Option<Skew>) {
        let Some(skew) = skew else { return };
        self.measured -= 1;
        let Some(side) = self.side(skew) else { return };
        side.count -= 1;
        if let Some(count) = side.by_seconds.get_mut(&skew.seconds()) {
            *count -= 1;
            if *count == 0 {
                side.by_seconds.remove(&skew.seconds());
            }
        }
    }

    /// Returns the median skew if most endpoints have an excessive skew in the same direction.
    pub(crate) fn agreed(&self) -> Option<i64> {
        let most = if self.ahead.count >= self.behind.count { &self.ahead } else { &self.behind };
        (self.measured >= QUORUM && most.count * 2 > self.measured).then(|| most.median())?
    }

    fn side(&mut self, skew: Skew) -> Option<&mut Excessive> {
        skew.is_excessive().then_some(if skew.seconds() > 0 { &mut self.ahead } else { &mut self.behind })
    }
}

impl Excessive {
    /// Returns the median. Clocks that agree differ by few seconds, so that there are few entries.
    fn median(&self) -> Option<i64> {
        let mut before = 0;
        let reaches = |(seconds, count): (&i64, &usize)| {
            before += count;
            (before > self.count / 2).then_some(*seconds)
        };
        self.by_seconds.iter().find_map(reaches)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;

    /// The rule, computed from all skews.
    fn agreed(all: &[Option<Skew>]) -> Option<i64> {
        let measured: Vec<_> = all.iter().flatten().collect();
        let excessive = measured.iter().filter(|skew| skew.is_excessive()).map(|skew| skew.seconds());
        let (mut ahead, mut behind): (Vec<i64>, Vec<i64>) = excessive.partition(|seconds| *seconds > 0);
        let most = if ahead.len() >= behind.len() { &mut ahead } else { &mut behind };
        most.sort_unstable();
        (measured.len() >= QUORUM && most.len() * 2 > measured.len()).then(|| most[most.len() / 2])
    }

    #[test]
    fn counted_votes_equal_the_rule_over_all_skews() {
        let mut state = 7_u64;
        // A linear congruential generator: its upper bits are random enough.
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let (mut votes, mut last) = (SkewVotes::default(), HashMap::new());
        let mut verdicts = 0;
        for _ in 0..5_000 {
            let endpoint = random(6);
            let seconds = [0, 250, 400, 405, 410, -400, -500][random(7) as usize];
            let skew = Skew { micros: seconds * 1_000_000, uncertainty: Duration::from_secs(1) };
            let skew = (random(8) > 0).then_some(skew);
            if let Some(before) = last.insert(endpoint, skew) {
                votes.remove(before);
            }
            votes.add(skew);
            let all: Vec<_> = last.values().copied().collect();
            assert_eq!(votes.agreed(), agreed(&all), "{all:?}");
            verdicts += usize::from(votes.agreed().is_some());
        }
        assert!(verdicts > 100, "{verdicts}");
    }
}
