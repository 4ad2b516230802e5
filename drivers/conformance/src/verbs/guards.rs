//! Keys, security groups and rules.

use gateway_core::Kind;
use gateway_core::driver::OneTimeOutput;
use gateway_core::kind::Verb;
use serde_json::json;

use super::desk::Desk;
use super::life;
use crate::report::{Report, ensure, failed};

/// A key that clouds take: with all its bytes, and used nowhere.
const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdhdGV3YXktdGVzdC1rZXktdXNlZC1ub3doZXJlISEh gateway-test";

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let imported = json!({ "name": desk.name("imported"), "public_key": PUBLIC });
    if let Some(key) = life::begin(desk, report, Kind::SshKey, imported, &[]).await {
        life::end(desk, report, &key).await;
    }
    if desk.can(Kind::SshKey, Verb::Create) {
        desk.note(
            report,
            Kind::SshKey,
            "one that the cloud makes comes with its private half",
            pair(desk).await,
        );
    }
    let group_kind = Kind::SecurityGroup;
    if !desk.can(group_kind, Verb::Create) || desk.fixtures.groups_belong_to_networks {
        return;
    }
    let command = json!({ "name": desk.name("group"), "description": "of the suite" });
    let Some(group) = life::begin(desk, report, group_kind, command, &[]).await else { return };
    rules(desk, report, &group).await;
    life::end(desk, report, &group).await;
}

async fn pair(desk: &Desk<'_>) -> crate::report::Verdict {
    let command = json!({ "name": desk.name("pair") });
    let task = desk.task(Kind::SshKey, Verb::Create, command, None, &[])?;
    let done = desk.act(&task).await?;
    match &done.answer {
        Some(OneTimeOutput::PrivateKey(key)) => {
            ensure(key.expose().contains("PRIVATE KEY"), || "what was told is no private key".to_owned())?;
        }
        _ => return failed("no private half was told"),
    }
    ensure(!format!("{done:?}").contains("PRIVATE KEY"), || "the private half is printed".to_owned())?;
    for touched in &done.touched {
        let shown = desk.get(touched.kind, &touched.native_key).await?;
        let text = shown.map(|shown| shown.raw.to_string()).unwrap_or_default();
        ensure(!text.contains("PRIVATE KEY"), || "the cloud's document has the private half".to_owned())?;
        desk.remove(touched.kind, &touched.native_key).await?;
    }
    Ok(())
}

/// Rules of a group that has none of them.
pub(super) async fn rules(desk: &Desk<'_>, report: &mut Report, group: &gateway_core::driver::Known) {
    let command = json!({ "security_group": group.id, "direction": "ingress", "protocol": "tcp",
        "first_port": 8000, "last_port": 8080, "remote_cidr": "192.0.2.0/24" });
    let Some(rule) = life::begin(desk, report, Kind::SecurityGroupRule, command, &[group]).await else {
        return;
    };
    let has = [
        ("direction", json!("ingress")),
        ("protocol", json!("tcp")),
        ("first_port", json!(8000)),
        ("last_port", json!(8080)),
        ("remote_cidr", json!("192.0.2.0/24")),
    ];
    let differs = has.iter().find(|(field, value)| rule.document.get(*field) != Some(value));
    let verdict = ensure(differs.is_none(), || format!("{differs:?} is not so: {:?}", rule.document));
    desk.note(report, rule.kind, "it says what was ordered", verdict);
    life::end(desk, report, &rule).await;
}
