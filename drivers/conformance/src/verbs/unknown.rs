//! What the cloud does not have: named by an order, or the target of one.

use gateway_core::error::ErrorKind;
use gateway_core::verb::Verb;
use serde_json::{Value, json};

use super::desk::{Desk, is_refusal};
use super::kind;
use crate::report::{Report, Verdict, ensure, failed};

/// Kinds whose removal needs to know more than an id.
const JOINS: [&str; 2] = ["volume_attachment", "ip_address_binding"];

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let name = desk.name("unknown");
    let orders: [(&'static str, &str, &'static str, Value); 5] = [
        (
            "volume",
            "snapshot",
            "volume_snapshot",
            json!({ "name": name, "size_gib": 1, "datacenter": desk.fixtures.datacenter }),
        ),
        ("volume_snapshot", "volume", "volume", json!({ "name": name })),
        ("subnet", "network", "network", json!({ "name": name, "cidr": desk.fixtures.subnet_cidr })),
        ("network_interface", "network", "network", json!({ "name": name })),
        (
            "security_group_rule",
            "security_group",
            "security_group",
            json!({ "direction": "ingress", "protocol": "tcp", "first_port": 1 }),
        ),
    ];
    for (made, field, named, order) in orders {
        if desk.can(kind(made), Verb::Create) {
            let verdict = names(desk, made, field, named, order).await;
            desk.note(report, kind(made), &format!("a {named} that is not there is refused"), verdict);
        }
    }
    for capability in desk.capability().kinds {
        let of = capability.kind;
        if desk.can(of, Verb::Delete) && !JOINS.contains(&of.as_str()) {
            desk.note(report, of, "removing what is not there says so", removes(desk, of).await);
        }
    }
}

async fn names(
    desk: &Desk<'_>,
    made: &'static str,
    field: &str,
    named: &'static str,
    mut order: Value,
) -> Verdict {
    let absent = desk.absent(kind(named));
    order[field] = json!(absent.id);
    let task = desk.task(kind(made), Verb::Create, order, None, &[&absent])?;
    match desk.act(&task).await {
        Ok(done) => failed(format!("it was made: {done:?}")),
        Err(error) => {
            is_refusal(&error)?;
            ensure(
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Conflict),
                || format!("it is a {:?}", error.kind()),
            )
        }
    }
}

async fn removes(desk: &Desk<'_>, of: gateway_core::Kind) -> Verdict {
    let absent = desk.absent(of);
    let task = desk.task(of, Verb::Delete, Value::Null, Some(&absent), &[])?;
    match desk.act(&task).await {
        Ok(done) => failed(format!("it was removed: {done:?}")),
        Err(error) => {
            is_refusal(&error)?;
            ensure(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), || {
                format!("it is a {:?}", error.kind())
            })
        }
    }
}
