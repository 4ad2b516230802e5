//! The life of anything: it is made, found, changed and removed.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::desk::{Desk, Task, new_marker};
use super::fit::fit;
use crate::report::{Report, Verdict, ensure, failed, skipped};

/// Kinds of which an equal one can be found without a marker, by what it is.
const FOUND_BY_WHAT_THEY_ARE: [&str; 4] =
    ["volume_attachment", "ip_address_binding", "ssh_key", "security_group_rule"];

/// Makes something, and looks at it from all sides. What it is is returned, for more to be done to it.
pub(super) async fn begin(
    desk: &Desk<'_>,
    report: &mut Report,
    kind: Kind,
    command: Value,
    named: &[&Known],
) -> Option<Known> {
    if !desk.can(kind, Verb::Create) {
        return None;
    }
    let command = fit(desk, report, (kind, Verb::Create), command, None, named);
    let made = async {
        let task = desk.task(kind, Verb::Create, command.clone(), None, named)?;
        let done = desk.act(&task).await?;
        let Some(touched) = done.touched.first().cloned() else { return failed("it touched nothing") };
        ensure(touched.kind == kind, || format!("what it touched first is a {}", touched.kind))?;
        for other in &done.touched {
            ensure(desk.get(other.kind, &other.native_key).await?.is_some(), || {
                format!("{other:?} is not there")
            })?;
        }
        Ok((task, desk.settled(&touched).await?))
    };
    let (task, observed) = desk.note(report, kind, "it is made", made.await)?;
    desk.note(
        report,
        kind,
        "it is as ordered, and its marker is out of sight",
        is_as_ordered(&observed, &command, &task),
    );
    desk.note(report, kind, "it is found again, and no other", found(desk, &task, &observed).await);
    desk.note(report, kind, "its state is told, and lets it be changed and removed", allows(desk, &observed));
    if desk.can(kind, Verb::Update) && kind.as_str() != "quota" {
        update(desk, report, &task, &observed).await;
    }
    Some(desk.know(&observed))
}

fn is_as_ordered(observed: &Observed, command: &Value, task: &Task<'_>) -> Verdict {
    if let Some(name) = command["name"].as_str() {
        ensure(observed.name == name, || format!("it is called {:?}", observed.name))?;
    }
    if let (Some(wanted), Some(Value::String(told))) =
        (command["description"].as_str(), observed.fields.get("description"))
    {
        ensure(wanted == told, || format!("its description is {told:?}"))?;
    }
    ensure(has_tags(observed, &command["tags"]), || format!("its tags are {:?}", observed.tags))?;
    let document = Value::Object(observed.document()).to_string();
    ensure(!document.contains(&task.marker.to_string()), || format!("readers see the marker: {document}"))?;
    ensure(observed.marker.is_none_or(|marker| marker == task.marker), || {
        format!("it has another marker: {:?}", observed.marker)
    })
}

async fn found(desk: &Desk<'_>, task: &Task<'_>, observed: &Observed) -> Verdict {
    let region = &desk.fixtures.region;
    let found = desk.session.find(region, &task.step()).await?;
    let wanted = Some(Touched::new(observed.kind, observed.native_key.as_str()));
    ensure(found == wanted, || format!("{found:?} was found, and {wanted:?} made"))?;
    if !FOUND_BY_WHAT_THEY_ARE.contains(&task.kind.as_str()) {
        let mut other = task.step();
        other.marker = new_marker();
        let found = desk.session.find(region, &other).await?;
        ensure(found.is_none(), || format!("{found:?} was found by another marker"))?;
    }
    Ok(())
}

/// Nothing keeps a new thing at rest from what can be done to it all its life.
fn allows(desk: &Desk<'_>, observed: &Observed) -> Verdict {
    let state = observed.state;
    let is_told = observed.kind.spec().states.is_empty() || state.is_some_and(|state| state != "unknown");
    ensure(is_told, || format!("its state is {state:?}, of {:?}", observed.cloud_state))?;
    for verb in [Verb::Update, Verb::Delete] {
        let allowed = !desk.can(observed.kind, verb) || observed.actions.contains(&verb);
        ensure(allowed, || format!("{state:?} does not allow {verb}: {:?}", observed.actions))?;
    }
    Ok(())
}

async fn update(desk: &Desk<'_>, report: &mut Report, made: &Task<'_>, observed: &Observed) {
    let touched = Touched::new(observed.kind, observed.native_key.as_str());
    let target = desk.know(observed);
    let name = desk.name("renamed");
    for (field, wanted) in
        [("name", json!(name)), ("description", json!("said anew")), ("tags", json!({ "part": "changed" }))]
    {
        let of = (made.kind, Verb::Update);
        let command = fit(desk, report, of, json!({ field: wanted }), Some(&target), &[]);
        let Some(wanted) = command.get(field).cloned() else { continue };
        let work = async {
            let is_known = matches!(field, "name" | "tags") || observed.fields.contains_key(field);
            if !is_known {
                return skipped("the kind has no such field");
            }
            let task = desk.task(made.kind, Verb::Update, command, Some(&target), &[])?;
            desk.act(&task).await?;
            desk.until("changed", &touched, |observed| has(observed, field, &wanted)).await?;
            // Once more leaves it as it is, and the marker was not lost.
            desk.act(&task).await?;
            let after = desk.until("changed", &touched, |observed| has(observed, field, &wanted)).await?;
            ensure(after.marker == observed.marker, || format!("its marker is {:?} now", after.marker))
        };
        desk.note(report, made.kind, &format!("its {field} can be changed, also twice"), work.await);
    }
}

/// Whether a field is as an update says. Tags take the place of those that were ordered; a cloud may have others of its own.
fn has(observed: &Observed, field: &str, wanted: &Value) -> bool {
    match field {
        "name" => *wanted == observed.name.as_str(),
        "tags" => has_tags(observed, wanted) && !observed.tags.contains_key("role"),
        field => observed.fields.get(field) == Some(wanted),
    }
}

/// Whether all of these tags are there.
pub(super) fn has_tags(observed: &Observed, wanted: &Value) -> bool {
    let is_there =
        |(key, value): (&String, &Value)| observed.tags.get(key).map(String::as_str) == value.as_str();
    wanted.as_object().into_iter().flatten().all(is_there)
}

/// Removes something, twice.
pub(super) async fn end(desk: &Desk<'_>, report: &mut Report, target: &Known) {
    if !desk.can(target.kind, Verb::Delete) {
        return;
    }
    let touched = Touched::new(target.kind, target.native_key.as_str());
    let work = async {
        let target = desk.know(&desk.settled(&touched).await?);
        let task = desk.task(target.kind, Verb::Delete, Value::Null, Some(&target), &[])?;
        desk.act(&task).await?;
        // Half done, and then done: both times another try must end well.
        no_harm(desk.act(&task).await)?;
        desk.gone(&touched).await?;
        no_harm(desk.act(&task).await)
    };
    desk.note(report, target.kind, "it is removed, and removing it again does no harm", work.await);
}

fn no_harm(again: gateway_core::Result<Done>) -> Verdict {
    match again {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => failed(format!("removed a second time: {error:?}")),
    }
}
