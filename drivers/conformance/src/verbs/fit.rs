//! What a cloud has no place for is left out of an order, and the report says so.

use gateway_core::Kind;
use gateway_core::driver::Known;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::report::{Report, skipped};

/// Members that some clouds have no place for, or only in another form.
const OPTIONAL: [&str; 2] = ["tags", "description"];

/// An order as the cloud takes it: without values where tags are words, and without what it does not have at all.
pub(super) fn fit(
    desk: &Desk<'_>,
    report: &mut Report,
    (kind, verb): (Kind, Verb),
    mut command: Value,
    target: Option<&Known>,
    named: &[&Known],
) -> Value {
    for field in OPTIONAL {
        let fault = |command: &Value| {
            let (_, faults) = desk.plan(kind, verb, command.clone(), target, named).ok()?;
            let place = format!("/{field}");
            faults.into_iter().find(|fault| fault.pointer.starts_with(&place))
        };
        if fault(&command).is_some() {
            command = words(command);
        }
        if let Some(fault) = fault(&command) {
            if let Some(members) = command.as_object_mut() {
                members.remove(field);
            }
            let why = skipped(format!("this cloud has no place for it: {}", fault.detail));
            desk.note::<()>(report, kind, &format!("{verb} takes its {field}"), why);
        }
    }
    command
}

/// Tags without their values.
fn words(mut command: Value) -> Value {
    for value in command["tags"].as_object_mut().into_iter().flat_map(|tags| tags.values_mut()) {
        *value = json!("");
    }
    command
}
