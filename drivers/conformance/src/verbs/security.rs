//! SSH keys, security groups and their rules.

use gateway_core::Kind;
use gateway_core::driver::OneTimeOutput;
use gateway_core::kind::Verb;
use serde_json::json;

use super::lifecycle;
use super::runner::Runner;
use crate::report::{Report, ensure, failed};

/// Public key that clouds accept; it is used nowhere.
const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    let imported = json!({ "name": runner.name("imported"), "public_key": PUBLIC_KEY });
    if let Some(key) = lifecycle::create(runner, report, Kind::SshKey, imported, &[]).await {
        lifecycle::delete(runner, report, &key).await;
    }
    if runner.can(Kind::SshKey, Verb::Create) {
        runner.record(
            report,
            Kind::SshKey,
            "create without a public key returns the private key once",
            generated_key(runner).await,
        );
    }
    let group_kind = Kind::SecurityGroup;
    if !runner.can(group_kind, Verb::Create) || runner.fixtures.groups_belong_to_networks {
        return;
    }
    let command = json!({ "name": runner.name("group"), "description": "of the suite" });
    let Some(group) = lifecycle::create(runner, report, group_kind, command, &[]).await else { return };
    security_group_rules(runner, report, &group).await;
    lifecycle::delete(runner, report, &group).await;
}

async fn generated_key(runner: &Runner<'_>) -> crate::report::Verdict {
    let command = json!({ "name": runner.name("pair") });
    let task = runner.task(Kind::SshKey, Verb::Create, command, None, &[])?;
    let done = runner.act(&task).await?;
    match &done.answer {
        Some(OneTimeOutput::PrivateKey(key)) => {
            ensure(key.expose().contains("PRIVATE KEY"), || {
                "the one-time output is not a private key".to_owned()
            })?;
        }
        _ => return failed("no private key was returned"),
    }
    ensure(!format!("{done:?}").contains("PRIVATE KEY"), || "`Debug` prints the private key".to_owned())?;
    for touched in &done.touched {
        let shown = runner.get(touched.kind, &touched.native_key).await?;
        let text = shown.map(|shown| shown.raw.to_string()).unwrap_or_default();
        ensure(!text.contains("PRIVATE KEY"), || {
            "the document of the cloud contains the private key".to_owned()
        })?;
        runner.delete(touched.kind, &touched.native_key).await?;
    }
    Ok(())
}

/// Checks the rules of a security group.
pub(super) async fn security_group_rules(
    runner: &Runner<'_>,
    report: &mut Report,
    group: &gateway_core::driver::Known,
) {
    let command = json!({ "security_group": group.id, "direction": "ingress", "protocol": "tcp",
        "first_port": 8000, "last_port": 8080, "remote_cidr": "192.0.2.0/24" });
    let Some(rule) = lifecycle::create(runner, report, Kind::SecurityGroupRule, command, &[group]).await
    else {
        return;
    };
    let expected = [
        ("direction", json!("ingress")),
        ("protocol", json!("tcp")),
        ("first_port", json!(8000)),
        ("last_port", json!(8080)),
        ("remote_cidr", json!("192.0.2.0/24")),
    ];
    let differs = expected.iter().find(|(field, value)| rule.document.get(*field) != Some(value));
    let verdict = ensure(differs.is_none(), || format!("{differs:?} is not in {:?}", rule.document));
    runner.record(report, rule.kind, "the rule has the requested fields", verdict);
    lifecycle::delete(runner, report, &rule).await;
}
