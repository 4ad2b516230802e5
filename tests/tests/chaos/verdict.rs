//! Whether what was told is what happened: each check returns what is wrong, in words.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::event::{Event, Record, Seen};
use crate::truth::Life;

/// Everything that was observed, after all is quiet.
pub(crate) struct Evidence {
    /// The log from its beginning.
    pub(crate) log: Vec<Event>,
    /// The same log as it was followed while it grew.
    pub(crate) followed: Vec<Event>,
    /// What the broker delivered.
    pub(crate) delivered: Vec<Event>,
    /// The lives of the cloud's resources.
    pub(crate) lives: BTreeMap<(String, String), Life>,
}

/// Every kind of wrong that a kill could do.
pub(crate) fn judge(evidence: &Evidence) -> Vec<String> {
    let Evidence { log, followed, delivered, lives } = evidence;
    let mut wrongs = positions(log);
    wrongs.extend(same_log(log, followed));
    wrongs.extend(deliveries(log, delivered));
    for (record, events) in by_record(log) {
        let wrong = histories(&events).into_iter().chain(lived(&events, lives));
        wrongs.extend(wrong.map(|wrong| format!("record {} of {}: {wrong}", record.1, record.0)));
    }
    wrongs
}

/// What the log says that there is, by record: version and content.
pub(crate) fn replay(log: &[Event]) -> BTreeMap<Record, (i64, Seen)> {
    let mut all = BTreeMap::new();
    for event in log.iter().filter(|event| !event.is_grant()) {
        match &event.seen {
            Some(seen) => all.insert(event.record.clone(), (event.version, seen.clone())),
            None => all.remove(&event.record),
        };
    }
    all
}

fn by_record(log: &[Event]) -> BTreeMap<&Record, Vec<&Event>> {
    let mut records: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in log.iter().filter(|event| !event.is_grant()) {
        records.entry(&event.record).or_default().push(event);
    }
    records
}

/// The only client sees everything, so that no number may be left out.
fn positions(log: &[Event]) -> Vec<String> {
    let gaps = log.iter().zip(1..).find(|(event, expected)| event.position != *expected);
    gaps.map(|(event, expected)| format!("position {} where {expected} is due", event.position))
        .into_iter()
        .collect()
}

fn same_log(log: &[Event], followed: &[Event]) -> Vec<String> {
    let differs = log.iter().zip(followed).find(|(kept, read)| kept != read);
    let mut wrongs: Vec<_> = differs
        .map(|(kept, read)| format!("a follower read {read:?}, kept is {kept:?}"))
        .into_iter()
        .collect();
    if log.len() != followed.len() {
        wrongs.push(format!("a follower read {} events of {}", followed.len(), log.len()));
    }
    wrongs
}

/// The broker delivers all of the log, nothing else, per record in order; twice only with the same id.
fn deliveries(log: &[Event], delivered: &[Event]) -> Vec<String> {
    let mut wrongs = Vec::new();
    let kept: HashMap<&str, &Event> = log.iter().map(|event| (event.id.as_str(), event)).collect();
    if kept.len() != log.len() {
        wrongs.push("an id is twice in the log".to_owned());
    }
    let (mut met, mut versions) = (HashSet::new(), HashMap::new());
    for event in delivered {
        match kept.get(event.id.as_str()) {
            Some(kept) if *kept == event => {}
            Some(kept) => wrongs.push(format!("delivered {event:?}, kept is {kept:?}")),
            None => wrongs.push(format!("delivered, but not in the log: {event:?}")),
        }
        if !met.insert(&event.id) || event.is_grant() {
            continue;
        }
        let before = versions.insert(&event.record, event.version).unwrap_or_default();
        if before >= event.version {
            wrongs.push(format!("version {} delivered after {before}: {event:?}", event.version));
        }
    }
    let lost = log.iter().filter(|event| !met.contains(&event.id));
    wrongs.extend(lost.map(|event| format!("never delivered: {event:?}")));
    wrongs
}

/// Versions 1 to n; created first, deleted last; each state follows on the one before.
fn histories(events: &[&Event]) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut state = None;
    for (place, event) in events.iter().enumerate() {
        let (is_first, is_last) = (place == 0, place + 1 == events.len());
        if event.version != place as i64 + 1 {
            wrongs.push(format!("version {} at place {}", event.version, place + 1));
        }
        if (event.change == "created") != is_first || (event.change == "deleted" && !is_last) {
            wrongs.push(format!("{} at place {} of {}", event.change, place + 1, events.len()));
        }
        if matches!(event.change.as_str(), "state_changed" | "deleted") && event.old_state != state {
            wrongs.push(format!("{:?} before version {}, not {state:?}", event.old_state, event.version));
        }
        state.clone_from(&event.new_state);
    }
    wrongs
}

/// Deleted only what the cloud had no more by then, and no status that it never had, nor in another order.
fn lived(events: &[&Event], lives: &BTreeMap<(String, String), Life>) -> Vec<String> {
    let mut wrongs = Vec::new();
    let Some(seen) = events.iter().find_map(|event| event.seen.as_ref()) else { return wrongs };
    let nothing = Life::default();
    let life = lives.get(&(seen.kind.clone(), seen.external_id.clone())).unwrap_or(&nothing);
    for event in events.iter().filter(|event| event.change == "deleted") {
        if life.gone.is_none_or(|gone| gone > event.at) {
            wrongs.push(format!(
                "{} deleted at {}, in the cloud until {:?}",
                seen.external_id, event.at, life.gone
            ));
        }
    }
    let mut told: Vec<_> = events.iter().filter_map(|event| event.seen.as_ref()?.status.clone()).collect();
    told.dedup();
    let mut had = life.statuses.iter();
    // What never changed has no line in the journal, and one status.
    let is_true = match life.statuses.is_empty() {
        true => told.len() <= 1,
        false => told.iter().all(|status| had.any(|had| had == status)),
    };
    if !is_true {
        wrongs.push(format!("{} told as {told:?}, was {:?}", seen.external_id, life.statuses));
    }
    wrongs
}

/// How two sets differ, if they do.
pub(crate) fn difference(name: &str, told: &BTreeSet<Seen>, truth: &BTreeSet<Seen>) -> Option<String> {
    let only = |one: &BTreeSet<Seen>, other: &BTreeSet<Seen>| {
        one.difference(other).take(5).map(|seen| format!("{seen:?}")).collect::<Vec<_>>().join(", ")
    };
    (told != truth).then(|| {
        format!(
            "{name} has {} and the cloud {}; too much: {}; missing: {}",
            told.len(),
            truth.len(),
            only(told, truth),
            only(truth, told)
        )
    })
}

#[cfg(test)]
mod tests {
    use gateway_core::Timestamp;

    use super::*;

    fn event(position: i64, version: i64, change: &str, status: Option<&str>) -> Event {
        let seen = status.map(|status| Seen {
            kind: "instance".to_owned(),
            external_id: "i-1".to_owned(),
            published: false,
            status: Some(status.to_owned()),
        });
        Event {
            id: format!("event-{position}"),
            position,
            at: Timestamp(position),
            change: change.to_owned(),
            record: ("account".to_owned(), "resource".to_owned()),
            version,
            old_state: None,
            new_state: None,
            seen,
        }
    }

    /// An instance that came, stopped and went, told as it was.
    fn evidence() -> Evidence {
        let log = vec![
            event(1, 1, "created", Some("ACTIVE")),
            event(2, 2, "changed", Some("HALTED")),
            event(3, 3, "deleted", None),
        ];
        let statuses = ["ACTIVE", "HALTING", "HALTED"].map(str::to_owned).into();
        let life = Life { statuses, gone: Some(Timestamp(3)) };
        let lives = [(("instance".to_owned(), "i-1".to_owned()), life)].into();
        Evidence { followed: log.clone(), delivered: log.clone(), log, lives }
    }

    #[test]
    fn the_truth_passes_even_when_told_twice() {
        let mut twice = evidence();
        twice.delivered.insert(2, twice.log[0].clone());
        assert_eq!(judge(&twice), Vec::<String>::new());
    }

    #[test]
    fn each_wrong_is_found() {
        type Spoil = fn(&mut Evidence);
        let spoils: [(&str, Spoil); 10] = [
            ("never delivered", |it| drop(it.delivered.pop())),
            ("not in the log", |it| it.delivered[1].id.push('x')),
            ("delivered after", |it| it.delivered.swap(0, 1)),
            ("kept is", |it| it.delivered[1].version = 7),
            ("a follower read", |it| drop(it.followed.remove(1))),
            ("is due", |it| it.log[2].position = 4),
            ("at place", |it| it.log[1].version = 3),
            ("before version", |it| it.log[2].old_state = Some("running".to_owned())),
            ("in the cloud until", |it| {
                it.lives.values_mut().for_each(|life| life.gone = Some(Timestamp(4)))
            }),
            ("told as", |it| it.lives.values_mut().for_each(|life| life.statuses.reverse())),
        ];
        for (expected, spoil) in spoils {
            let mut spoiled = evidence();
            spoil(&mut spoiled);
            let wrongs = judge(&spoiled).join("\n");
            assert!(wrongs.contains(expected), "{expected}: {wrongs}");
        }
    }
}
