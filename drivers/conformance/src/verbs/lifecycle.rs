//! The life cycle of any resource: create, find, update and delete.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Done, Known, Touched};
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::runner::{Runner, Task, new_marker};
use super::without_unsupported::without_unsupported;
use crate::report::{Report, Verdict, ensure, failed, skipped};

/// Kinds that `find` recognizes by their content instead of a marker.
const FOUND_BY_CONTENT: [Kind; 4] =
    [Kind::VolumeAttachment, Kind::IpAddressBinding, Kind::SshKey, Kind::SecurityGroupRule];

/// Creates a resource, checks it, and returns it for further checks.
pub(super) async fn create(
    runner: &Runner<'_>,
    report: &mut Report,
    kind: Kind,
    command: Value,
    named: &[&Known],
) -> Option<Known> {
    if !runner.can(kind, Verb::Create) {
        return None;
    }
    let command = without_unsupported(runner, report, (kind, Verb::Create), command, None, named);
    let made = async {
        let task = runner.task(kind, Verb::Create, command.clone(), None, named)?;
        let done = runner.act(&task).await?;
        let Some(touched) = done.touched.first().cloned() else {
            return failed("create touched no resource");
        };
        ensure(touched.kind == kind, || format!("the first touched resource is a {}", touched.kind))?;
        for other in &done.touched {
            ensure(runner.get(other.kind, &other.native_key).await?.is_some(), || {
                format!("{other:?} does not exist")
            })?;
        }
        Ok((task, runner.at_rest(&touched).await?))
    };
    let (task, observed) = runner.record(report, kind, "create succeeds", made.await)?;
    runner.record(
        report,
        kind,
        "the new resource matches its command and hides its marker",
        matches_command(&observed, &command, &task),
    );
    runner.record(
        report,
        kind,
        "find returns the new resource and no other",
        found(runner, &task, &observed).await,
    );
    runner.record(
        report,
        kind,
        "the new resource is in a state that allows update and delete",
        has_usable_state(runner, &observed),
    );
    if runner.can(kind, Verb::Update) && kind != Kind::Quota {
        update(runner, report, &task, &observed).await;
    }
    Some(runner.to_known(&observed))
}

fn matches_command(observed: &Observed, command: &Value, task: &Task<'_>) -> Verdict {
    if let Some(name) = command["name"].as_str() {
        ensure(observed.name == name, || format!("its name is {:?}", observed.name))?;
    }
    if let (Some(wanted), Some(Value::String(returned))) =
        (command["description"].as_str(), observed.fields.get("description"))
    {
        ensure(wanted == returned, || format!("its description is {returned:?}"))?;
    }
    ensure(has_tags(observed, &command["tags"]), || format!("its tags are {:?}", observed.tags))?;
    let document = Value::Object(observed.document()).to_string();
    ensure(!document.contains(&task.marker.to_string()), || {
        format!("the document contains the marker: {document}")
    })?;
    ensure(observed.marker.is_none_or(|marker| marker == task.marker), || {
        format!("its marker differs: {:?}", observed.marker)
    })
}

async fn found(runner: &Runner<'_>, task: &Task<'_>, observed: &Observed) -> Verdict {
    let region = &runner.fixtures.region;
    let found = runner.session.find(region, &task.step()).await?;
    let wanted = Some(Touched::new(observed.kind, observed.native_key.as_str()));
    ensure(found == wanted, || format!("find returned {found:?}, create {wanted:?}"))?;
    if !FOUND_BY_CONTENT.contains(&task.kind) {
        let mut other = task.step();
        other.marker = new_marker();
        let found = runner.session.find(region, &other).await?;
        ensure(found.is_none(), || format!("find returned {found:?} for another marker"))?;
    }
    Ok(())
}

/// Checks that the state is known and allows the verbs that a resource has during its whole life.
fn has_usable_state(runner: &Runner<'_>, observed: &Observed) -> Verdict {
    let state = observed.state;
    let is_known = observed.kind.spec().states.is_empty() || state.is_some_and(|state| state != "unknown");
    ensure(is_known, || format!("its state is {state:?}, from the state word {:?}", observed.cloud_state))?;
    for verb in [Verb::Update, Verb::Delete] {
        let allowed = !runner.can(observed.kind, verb) || observed.actions.contains(&verb);
        ensure(allowed, || format!("state {state:?} does not allow {verb}, only {:?}", observed.actions))?;
    }
    Ok(())
}

async fn update(runner: &Runner<'_>, report: &mut Report, made: &Task<'_>, observed: &Observed) {
    let touched = Touched::new(observed.kind, observed.native_key.as_str());
    let target = runner.to_known(observed);
    let name = runner.name("renamed");
    for (field, wanted) in [
        ("name", json!(name)),
        ("description", json!("changed description")),
        ("tags", json!({ "part": "changed" })),
    ] {
        let of = (made.kind, Verb::Update);
        let command = without_unsupported(runner, report, of, json!({ field: wanted }), Some(&target), &[]);
        let Some(wanted) = command.get(field).cloned() else { continue };
        let work = async {
            let is_known = matches!(field, "name" | "tags") || observed.fields.contains_key(field);
            if !is_known {
                return skipped("the kind has no such field");
            }
            let task = runner.task(made.kind, Verb::Update, command, Some(&target), &[])?;
            runner.act(&task).await?;
            runner.until("the update", &touched, |observed| has(observed, field, &wanted)).await?;
            // A repetition changes nothing, and the marker is kept.
            runner.act(&task).await?;
            let after =
                runner.until("the update", &touched, |observed| has(observed, field, &wanted)).await?;
            ensure(after.marker == observed.marker, || {
                format!("the update changed its marker to {:?}", after.marker)
            })
        };
        runner.record(report, made.kind, &format!("update of {field} can be repeated"), work.await);
    }
}

/// Returns whether an update has its effect. Tags replace those before; a cloud may add tags of its own.
fn has(observed: &Observed, field: &str, wanted: &Value) -> bool {
    match field {
        "name" => *wanted == observed.name.as_str(),
        "tags" => has_tags(observed, wanted) && !observed.tags.contains_key("role"),
        field => observed.fields.get(field) == Some(wanted),
    }
}

/// Returns whether the resource has all of these tags.
pub(super) fn has_tags(observed: &Observed, wanted: &Value) -> bool {
    let has_tag =
        |(key, value): (&String, &Value)| observed.tags.get(key).map(String::as_str) == value.as_str();
    wanted.as_object().into_iter().flatten().all(has_tag)
}

/// Deletes a resource, and repeats the delete.
pub(super) async fn delete(runner: &Runner<'_>, report: &mut Report, target: &Known) {
    if !runner.can(target.kind, Verb::Delete) {
        return;
    }
    let touched = Touched::new(target.kind, target.native_key.as_str());
    let work = async {
        let target = runner.to_known(&runner.at_rest(&touched).await?);
        let task = runner.task(target.kind, Verb::Delete, Value::Null, Some(&target), &[])?;
        runner.act(&task).await?;
        // Another attempt must succeed while the delete runs and after its end.
        accepted_or_absent(runner.act(&task).await)?;
        runner.until_absent(&touched).await?;
        accepted_or_absent(runner.act(&task).await)
    };
    runner.record(report, target.kind, "delete can be repeated", work.await);
}

fn accepted_or_absent(again: gateway_core::Result<Done>) -> Verdict {
    match again {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => failed(format!("the repeated delete fails: {error:?}")),
    }
}
