//! Commands that name a resource that does not exist, or have it as their target.

use gateway_core::Kind;
use gateway_core::error::ErrorKind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::runner::{Runner, is_refusal};
use crate::report::{Report, Verdict, ensure, failed};

/// Kinds whose delete needs the resources that they associate.
const ASSOCIATIONS: [Kind; 2] = [Kind::VolumeAttachment, Kind::IpAddressBinding];

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    let name = runner.name("unknown");
    let commands: [(Kind, &str, Kind, Value); 5] = [
        (
            Kind::Volume,
            "snapshot",
            Kind::VolumeSnapshot,
            json!({ "name": name, "size_gib": 1, "datacenter": runner.fixtures.datacenter }),
        ),
        (Kind::VolumeSnapshot, "volume", Kind::Volume, json!({ "name": name })),
        (
            Kind::Subnet,
            "network",
            Kind::Network,
            json!({ "name": name, "cidr": runner.fixtures.subnet_cidr }),
        ),
        (Kind::NetworkInterface, "network", Kind::Network, json!({ "name": name })),
        (
            Kind::SecurityGroupRule,
            "security_group",
            Kind::SecurityGroup,
            json!({ "direction": "ingress", "protocol": "tcp", "first_port": 1 }),
        ),
    ];
    for (made, field, named, command) in commands {
        if runner.can(made, Verb::Create) {
            let verdict = refuses_absent_reference(runner, made, field, named, command).await;
            runner.record(
                report,
                made,
                &format!("create with a {named} that does not exist is refused"),
                verdict,
            );
        }
    }
    for capability in runner.capability().kinds {
        let of = capability.kind;
        if runner.can(of, Verb::Delete) && !ASSOCIATIONS.contains(&of) {
            runner.record(
                report,
                of,
                "delete of a resource that does not exist is refused",
                refuses_absent_target(runner, of).await,
            );
        }
    }
}

async fn refuses_absent_reference(
    runner: &Runner<'_>,
    made: Kind,
    field: &str,
    named: Kind,
    mut command: Value,
) -> Verdict {
    let absent = runner.absent(named);
    command[field] = json!(absent.id);
    let task = runner.task(made, Verb::Create, command, None, &[&absent])?;
    match runner.act(&task).await {
        Ok(done) => failed(format!("it was created: {done:?}")),
        Err(error) => {
            is_refusal(&error)?;
            ensure(
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Conflict),
                || format!("the error is {:?}", error.kind()),
            )
        }
    }
}

async fn refuses_absent_target(runner: &Runner<'_>, of: Kind) -> Verdict {
    let absent = runner.absent(of);
    let task = runner.task(of, Verb::Delete, Value::Null, Some(&absent), &[])?;
    match runner.act(&task).await {
        Ok(done) => failed(format!("it was deleted: {done:?}")),
        Err(error) => {
            is_refusal(&error)?;
            ensure(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), || {
                format!("the error is {:?}", error.kind())
            })
        }
    }
}
