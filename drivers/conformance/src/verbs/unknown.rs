//! What the cloud does not have: named by an order, or the target of one.

use gateway_core::Kind;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::desk::{Desk, is_refusal};
use crate::report::{Report, Verdict, ensure, failed};

/// Kinds whose removal needs to know more than an id.
const JOINS: [Kind; 2] = [Kind::VolumeAttachment, Kind::IpAddressBinding];

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let name = desk.name("unknown");
    let orders: [(Kind, &str, Kind, Value); 5] = [
        (
            Kind::Volume,
            "snapshot",
            Kind::VolumeSnapshot,
            json!({ "name": name, "size_gib": 1, "datacenter": desk.fixtures.datacenter }),
        ),
        (Kind::VolumeSnapshot, "volume", Kind::Volume, json!({ "name": name })),
        (Kind::Subnet, "network", Kind::Network, json!({ "name": name, "cidr": desk.fixtures.subnet_cidr })),
        (Kind::NetworkInterface, "network", Kind::Network, json!({ "name": name })),
        (
            Kind::SecurityGroupRule,
            "security_group",
            Kind::SecurityGroup,
            json!({ "direction": "ingress", "protocol": "tcp", "first_port": 1 }),
        ),
    ];
    for (made, field, named, command) in orders {
        if desk.can(made, Verb::Create) {
            let verdict = names(desk, made, field, named, command).await;
            desk.note(report, made, &format!("a {named} that is not there is refused"), verdict);
        }
    }
    for capability in desk.capability().kinds {
        let of = capability.kind;
        if desk.can(of, Verb::Delete) && !JOINS.contains(&of) {
            desk.note(report, of, "removing what is not there says so", removes(desk, of).await);
        }
    }
}

async fn names(desk: &Desk<'_>, made: Kind, field: &str, named: Kind, mut command: Value) -> Verdict {
    let absent = desk.absent(named);
    command[field] = json!(absent.id);
    let task = desk.task(made, Verb::Create, command, None, &[&absent])?;
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

async fn removes(desk: &Desk<'_>, of: Kind) -> Verdict {
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
