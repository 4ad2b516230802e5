//! Checks of the observed events. Each check returns its violations as text.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::cloud_history::History;
use crate::event::{Event, Record, ResourceState};

/// All observations after the last change.
pub(crate) struct Observations {
    /// The log from the first event.
    pub(crate) log: Vec<Event>,
    /// The events that the follower read.
    pub(crate) followed: Vec<Event>,
    /// The events that the broker delivered.
    pub(crate) delivered: Vec<Event>,
    /// The histories of the cloud's resources.
    pub(crate) histories: BTreeMap<(String, String), History>,
}

/// Returns all violations that a kill could cause.
pub(crate) fn violations(observations: &Observations) -> Vec<String> {
    let Observations { log, followed, delivered, histories } = observations;
    let mut found = positions(log);
    found.extend(same_log(log, followed));
    found.extend(deliveries(log, delivered));
    for (record, events) in by_record(log) {
        let violation = version_violations(&events).into_iter().chain(cloud_violations(&events, histories));
        found.extend(violation.map(|violation| format!("record {} of {}: {violation}", record.1, record.0)));
    }
    found
}

/// Replays the log. Returns version and content by record.
pub(crate) fn replay(log: &[Event]) -> BTreeMap<Record, (i64, ResourceState)> {
    let mut all = BTreeMap::new();
    for event in log.iter().filter(|event| !event.is_grant()) {
        match &event.resource {
            Some(resource) => all.insert(event.record.clone(), (event.version, resource.clone())),
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

/// Checks for gaps: the only client sees all events.
fn positions(log: &[Event]) -> Vec<String> {
    let gaps = log.iter().zip(1..).find(|(event, expected)| event.position != *expected);
    gaps.map(|(event, expected)| format!("position {} where {expected} is due", event.position))
        .into_iter()
        .collect()
}

fn same_log(log: &[Event], followed: &[Event]) -> Vec<String> {
    let differs = log.iter().zip(followed).find(|(kept, read)| kept != read);
    let mut found: Vec<_> = differs
        .map(|(kept, read)| format!("a follower read {read:?}, kept is {kept:?}"))
        .into_iter()
        .collect();
    if log.len() != followed.len() {
        found.push(format!("a follower read {} events of {}", followed.len(), log.len()));
    }
    found
}

/// Checks that the broker delivers exactly the log, in order per record, and repeats events only with the same id.
fn deliveries(log: &[Event], delivered: &[Event]) -> Vec<String> {
    let mut found = Vec::new();
    let kept: HashMap<&str, &Event> = log.iter().map(|event| (event.id.as_str(), event)).collect();
    if kept.len() != log.len() {
        found.push("an id is twice in the log".to_owned());
    }
    let (mut delivered_ids, mut versions) = (HashSet::new(), HashMap::new());
    for event in delivered {
        match kept.get(event.id.as_str()) {
            Some(kept) if *kept == event => {}
            Some(kept) => found.push(format!("delivered {event:?}, kept is {kept:?}")),
            None => found.push(format!("delivered, but not in the log: {event:?}")),
        }
        if !delivered_ids.insert(&event.id) || event.is_grant() {
            continue;
        }
        let before = versions.insert(&event.record, event.version).unwrap_or_default();
        if before >= event.version {
            found.push(format!("version {} delivered after {before}: {event:?}", event.version));
        }
    }
    let lost = log.iter().filter(|event| !delivered_ids.contains(&event.id));
    found.extend(lost.map(|event| format!("never delivered: {event:?}")));
    found
}

/// Checks versions (1 to n), `created` first, `deleted` last, and the sequence of states.
fn version_violations(events: &[&Event]) -> Vec<String> {
    let mut found = Vec::new();
    let mut state = None;
    for (index, event) in events.iter().enumerate() {
        let (is_first, is_last) = (index == 0, index + 1 == events.len());
        if event.version != index as i64 + 1 {
            found.push(format!("version {} at place {}", event.version, index + 1));
        }
        if (event.change == "created") != is_first || (event.change == "deleted" && !is_last) {
            found.push(format!("{} at place {} of {}", event.change, index + 1, events.len()));
        }
        if matches!(event.change.as_str(), "state_changed" | "deleted") && event.old_state != state {
            found.push(format!("{:?} before version {}, not {state:?}", event.old_state, event.version));
        }
        state.clone_from(&event.new_state);
    }
    found
}

/// Checks that deletions follow those of the cloud, and that statuses occurred in the cloud in the same order.
fn cloud_violations(events: &[&Event], histories: &BTreeMap<(String, String), History>) -> Vec<String> {
    let mut found = Vec::new();
    let Some(resource) = events.iter().find_map(|event| event.resource.as_ref()) else { return found };
    let nothing = History::default();
    let history = histories.get(&(resource.kind.clone(), resource.external_id.clone())).unwrap_or(&nothing);
    for event in events.iter().filter(|event| event.change == "deleted") {
        if history.gone.is_none_or(|gone| gone > event.at) {
            found.push(format!(
                "{} deleted at {}, in the cloud until {:?}",
                resource.external_id, event.at, history.gone
            ));
        }
    }
    let mut stored: Vec<_> =
        events.iter().filter_map(|event| event.resource.as_ref()?.status.clone()).collect();
    stored.dedup();
    let mut statuses = history.statuses.iter();
    // A resource without changes has no journal line and one status.
    let is_consistent = match history.statuses.is_empty() {
        true => stored.len() <= 1,
        false => stored.iter().all(|status| statuses.any(|had| had == status)),
    };
    if !is_consistent {
        found.push(format!(
            "{} shown as {stored:?}, in the cloud {:?}",
            resource.external_id, history.statuses
        ));
    }
    found
}

/// Returns the difference of two sets as text.
pub(crate) fn difference(
    name: &str,
    stored: &BTreeSet<ResourceState>,
    actual: &BTreeSet<ResourceState>,
) -> Option<String> {
    let only = |one: &BTreeSet<ResourceState>, other: &BTreeSet<ResourceState>| {
        one.difference(other).take(5).map(|resource| format!("{resource:?}")).collect::<Vec<_>>().join(", ")
    };
    (stored != actual).then(|| {
        format!(
            "{name} has {} and the cloud {}; extra: {}; missing: {}",
            stored.len(),
            actual.len(),
            only(stored, actual),
            only(actual, stored)
        )
    })
}

#[cfg(test)]
mod tests {
    use gateway_core::Timestamp;

    use super::*;

    fn event(position: i64, version: i64, change: &str, status: Option<&str>) -> Event {
        let resource = status.map(|status| ResourceState {
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
            resource,
        }
    }

    /// Returns correct observations of an instance that was created, stopped and deleted.
    fn observations() -> Observations {
        let log = vec![
            event(1, 1, "created", Some("ACTIVE")),
            event(2, 2, "changed", Some("HALTED")),
            event(3, 3, "deleted", None),
        ];
        let statuses = ["ACTIVE", "HALTING", "HALTED"].map(str::to_owned).into();
        let history = History { statuses, gone: Some(Timestamp(3)) };
        let histories = [(("instance".to_owned(), "i-1".to_owned()), history)].into();
        Observations { followed: log.clone(), delivered: log.clone(), log, histories }
    }

    #[test]
    fn correct_log_with_repeated_delivery_has_no_violation() {
        let mut repeated = observations();
        repeated.delivered.insert(2, repeated.log[0].clone());
        assert_eq!(violations(&repeated), Vec::<String>::new());
    }

    #[test]
    fn each_violation_is_found() {
        type Change = fn(&mut Observations);
        let changes: [(&str, Change); 10] = [
            ("never delivered", |it| drop(it.delivered.pop())),
            ("not in the log", |it| it.delivered[1].id.push('x')),
            ("delivered after", |it| it.delivered.swap(0, 1)),
            ("kept is", |it| it.delivered[1].version = 7),
            ("a follower read", |it| drop(it.followed.remove(1))),
            ("is due", |it| it.log[2].position = 4),
            ("at place", |it| it.log[1].version = 3),
            ("before version", |it| it.log[2].old_state = Some("running".to_owned())),
            ("in the cloud until", |it| {
                it.histories.values_mut().for_each(|history| history.gone = Some(Timestamp(4)))
            }),
            ("shown as", |it| it.histories.values_mut().for_each(|history| history.statuses.reverse())),
        ];
        for (expected, change) in changes {
            let mut changed = observations();
            change(&mut changed);
            let found = violations(&changed).join("\n");
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
