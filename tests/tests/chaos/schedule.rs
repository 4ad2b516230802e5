//! Who dies when: drawn by a seed, so that a run can be had again.

use std::time::Duration;

/// Who can be killed. The front is not among them: a client whose connection is cut knows that much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Victim {
    Poller,
    Relay,
    Handler,
    Broker,
    Database,
}

/// At what moment of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// At a named point of the code, in the passing of this number.
    Point(&'static str, u64),
    /// From outside, as soon as a subscriber has an event: the relay is between publishing and marking.
    AtAnEvent,
    /// From outside, after this much time.
    AnyTime(Duration),
}

/// One death.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kill {
    pub(crate) victim: Victim,
    pub(crate) moment: Moment,
    /// Which of several equal processes, modulo their number.
    pub(crate) which: usize,
}

impl Kill {
    /// What the counts are kept by.
    pub(crate) fn name(&self) -> String {
        match self.moment {
            Moment::Point(name, _) => name.to_owned(),
            Moment::AtAnEvent => format!("{:?}.at_an_event", self.victim).to_lowercase(),
            Moment::AnyTime(_) => format!("{:?}.any_time", self.victim).to_lowercase(),
        }
    }
}

/// Longest wait for a random moment: twice what a target rests between two listings here.
const ANY_TIME: u64 = 2000;

/// A card of the deck: a victim, the point, and up to which passing of it the process may live.
type Card = (Victim, What);

#[derive(Clone, Copy)]
enum What {
    Point(&'static str, u64),
    AtAnEvent,
    AnyTime,
}

/// Every way to die that this test knows. Where many pass a point in a second, later passings are met too.
const DECK: [Card; 14] = [
    (Victim::Poller, What::Point("poller.claimed", 3)),
    (Victim::Poller, What::Point("poller.page", 6)),
    (Victim::Poller, What::Point("poller.after_apply", 4)),
    (Victim::Poller, What::Point("poller.before_finish", 4)),
    (Victim::Poller, What::AnyTime),
    (Victim::Relay, What::Point("relay.numbered", 4)),
    (Victim::Relay, What::Point("relay.published", 4)),
    (Victim::Relay, What::Point("relay.before_mark", 4)),
    (Victim::Handler, What::Point("handler.received", 20)),
    (Victim::Handler, What::Point("handler.before_reply", 20)),
    (Victim::Broker, What::AtAnEvent),
    (Victim::Broker, What::AnyTime),
    (Victim::Database, What::AtAnEvent),
    (Victim::Database, What::AnyTime),
];

/// `count` deaths: first one of each kind of victim, then every way to die before any comes again.
pub(crate) fn draw(seed: u64, count: usize) -> Vec<Kill> {
    let mut random = Random(seed);
    let mut pile = Vec::new();
    let mut kills = Vec::with_capacity(count);
    while kills.len() < count {
        if pile.is_empty() {
            pile = DECK.to_vec();
            random.shuffle(&mut pile);
            if kills.is_empty() {
                one_of_each_first(&mut pile);
            }
        }
        let (victim, what) = pile.remove(0);
        let moment = match what {
            What::Point(name, most) => Moment::Point(name, 1 + random.below(most)),
            What::AtAnEvent => Moment::AtAnEvent,
            What::AnyTime => Moment::AnyTime(Duration::from_millis(random.below(ANY_TIME))),
        };
        kills.push(Kill { victim, moment, which: random.below(1000) as usize });
    }
    kills
}

/// Brings one card of each victim to the front; all keep their order otherwise.
fn one_of_each_first(pile: &mut Vec<Card>) {
    let mut met = Vec::new();
    let (mut first, rest): (Vec<_>, Vec<_>) = pile.drain(..).partition(|(victim, _)| {
        let new = !met.contains(victim);
        met.push(*victim);
        new
    });
    first.extend(rest);
    *pile = first;
}

/// `SplitMix64`.
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
fn a_short_run_kills_each_kind_and_a_long_one_in_every_way() {
    for seed in 0..100 {
        let victims = |kills: &[Kill]| {
            let mut victims: Vec<_> = kills.iter().map(|kill| kill.victim).collect();
            victims.sort_unstable();
            victims.dedup();
            victims.len()
        };
        assert_eq!(victims(&draw(seed, 10)), 5);
        let mut names: Vec<_> = draw(seed, 50).iter().map(Kill::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DECK.len());
    }
}
