//! The schedule of kills, drawn by a seed, so that a run can be repeated.

use std::time::Duration;

/// A process or server that can be killed. The front is excluded: its clients notice the lost connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Poller,
    Relay,
    Handler,
    Broker,
    Database,
}

/// The moment of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// At a named crash point, in the pass of this number.
    Point(&'static str, u64),
    /// From outside, when a subscriber gets an event: the relay is between publishing and marking.
    AtAnEvent,
    /// From outside, after this much time.
    AnyTime(Duration),
}

/// A kill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kill {
    pub(crate) target: Target,
    pub(crate) trigger: Trigger,
    /// The index of the process among those of its role, modulo their number.
    pub(crate) which: usize,
}

impl Kill {
    /// Returns the name for counts.
    pub(crate) fn name(&self) -> String {
        match self.trigger {
            Trigger::Point(name, _) => name.to_owned(),
            Trigger::AtAnEvent => format!("{:?}.at_an_event", self.target).to_lowercase(),
            Trigger::AnyTime(_) => format!("{:?}.any_time", self.target).to_lowercase(),
        }
    }
}

/// The longest wait for a random moment in milliseconds: twice the poll interval.
const ANY_TIME: u64 = 2000;

/// A possible kill: target, trigger, and the largest number of passes.
type Candidate = (Target, TriggerKind);

#[derive(Clone, Copy)]
enum TriggerKind {
    Point(&'static str, u64),
    AtAnEvent,
    AnyTime,
}

/// All possible kills. At points with many passes a second, later passes are drawn too.
const CANDIDATES: [Candidate; 14] = [
    (Target::Poller, TriggerKind::Point("poller.claimed", 3)),
    (Target::Poller, TriggerKind::Point("poller.page", 6)),
    (Target::Poller, TriggerKind::Point("poller.after_apply", 4)),
    (Target::Poller, TriggerKind::Point("poller.before_finish", 4)),
    (Target::Poller, TriggerKind::AnyTime),
    (Target::Relay, TriggerKind::Point("relay.numbered", 4)),
    (Target::Relay, TriggerKind::Point("relay.published", 4)),
    (Target::Relay, TriggerKind::Point("relay.before_mark", 4)),
    (Target::Handler, TriggerKind::Point("handler.received", 20)),
    (Target::Handler, TriggerKind::Point("handler.before_reply", 20)),
    (Target::Broker, TriggerKind::AtAnEvent),
    (Target::Broker, TriggerKind::AnyTime),
    (Target::Database, TriggerKind::AtAnEvent),
    (Target::Database, TriggerKind::AnyTime),
];

/// Draws `count` kills: first one of each target, then every candidate before any is repeated.
pub(crate) fn draw(seed: u64, count: usize) -> Vec<Kill> {
    let mut random = Random(seed);
    let mut remaining = Vec::new();
    let mut kills = Vec::with_capacity(count);
    while kills.len() < count {
        if remaining.is_empty() {
            remaining = CANDIDATES.to_vec();
            random.shuffle(&mut remaining);
            if kills.is_empty() {
                one_of_each_target_first(&mut remaining);
            }
        }
        let (target, trigger_kind) = remaining.remove(0);
        let trigger = match trigger_kind {
            TriggerKind::Point(name, most) => Trigger::Point(name, 1 + random.below(most)),
            TriggerKind::AtAnEvent => Trigger::AtAnEvent,
            TriggerKind::AnyTime => Trigger::AnyTime(Duration::from_millis(random.below(ANY_TIME))),
        };
        kills.push(Kill { target, trigger, which: random.below(1000) as usize });
    }
    kills
}

/// Moves one candidate of each target to the front, and otherwise keeps the order.
fn one_of_each_target_first(remaining: &mut Vec<Candidate>) {
    let mut found_targets = Vec::new();
    let (mut first, rest): (Vec<_>, Vec<_>) = remaining.drain(..).partition(|(target, _)| {
        let new = !found_targets.contains(target);
        found_targets.push(*target);
        new
    });
    first.extend(rest);
    *remaining = first;
}

/// A random number generator (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[test]
fn short_schedule_has_each_target_and_long_schedule_each_trigger() {
    for seed in 0..100 {
        let targets = |kills: &[Kill]| {
            let mut targets: Vec<_> = kills.iter().map(|kill| kill.target).collect();
            targets.sort_unstable();
            targets.dedup();
            targets.len()
        };
        assert_eq!(targets(&draw(seed, 10)), 5);
        let mut names: Vec<_> = draw(seed, 50).iter().map(Kill::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CANDIDATES.len());
    }
}
