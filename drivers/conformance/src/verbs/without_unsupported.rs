//! Commands without the fields that a cloud does not support; each such field is in the report.

use gateway_core::Kind;
use gateway_core::driver::Known;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::runner::Runner;
use crate::report::{Report, skipped};

/// Fields that some clouds do not support, or only in another form.
const OPTIONAL: [&str; 2] = ["tags", "description"];

/// Returns the command without unsupported fields, and without the values of tags if the cloud has only their keys.
pub(super) fn without_unsupported(
    runner: &Runner<'_>,
    report: &mut Report,
    (kind, verb): (Kind, Verb),
    mut command: Value,
    target: Option<&Known>,
    named: &[&Known],
) -> Value {
    for field in OPTIONAL {
        let fault = |command: &Value| {
            let (_, faults) = runner.plan(kind, verb, command.clone(), target, named).ok()?;
            let pointer = format!("/{field}");
            faults.into_iter().find(|fault| fault.pointer.starts_with(&pointer))
        };
        if fault(&command).is_some() {
            command = keys_only(command);
        }
        if let Some(fault) = fault(&command) {
            if let Some(members) = command.as_object_mut() {
                members.remove(field);
            }
            let why = skipped(format!("this cloud does not support it: {}", fault.detail));
            runner.record::<()>(report, kind, &format!("{verb} accepts {field}"), why);
        }
    }
    command
}

/// Removes the values of the tags.
fn keys_only(mut command: Value) -> Value {
    for value in command["tags"].as_object_mut().into_iter().flat_map(|tags| tags.values_mut()) {
        *value = json!("");
    }
    command
}
