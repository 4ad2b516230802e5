//! What a cloud has no place for is left out of an order, and the report says so.

use gateway_core::Kind;
use gateway_core::order::Known;
use gateway_core::verb::Verb;
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
    mut order: Value,
    target: Option<&Known>,
    named: &[&Known],
) -> Value {
    for field in OPTIONAL {
        let fault = |order: &Value| {
            let (_, faults) = desk.plan(kind, verb, order.clone(), target, named).ok()?;
            let place = format!("/{field}");
            faults.into_iter().find(|fault| fault.pointer.starts_with(&place))
        };
        if fault(&order).is_some() {
            order = words(order);
        }
        if let Some(fault) = fault(&order) {
            if let Some(members) = order.as_object_mut() {
                members.remove(field);
            }
            let why = skipped(format!("this cloud has no place for it: {}", fault.detail));
            desk.note::<()>(report, kind, &format!("{verb} takes its {field}"), why);
        }
    }
    order
}

/// Tags without their values.
fn words(mut order: Value) -> Value {
    for value in order["tags"].as_object_mut().into_iter().flat_map(|tags| tags.values_mut()) {
        *value = json!("");
    }
    order
}
