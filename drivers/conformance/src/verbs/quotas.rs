//! Quotas: a limit is raised and restored.

use gateway_core::Kind;
use gateway_core::driver::Touched;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::action;
use super::runner::Runner;
use crate::report::{Report, skipped};

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    let of = Kind::Quota;
    if !runner.can(of, Verb::Update) {
        return;
    }
    let Some(key) = &runner.fixtures.quota else {
        runner.record::<()>(report, of, "update has its effect", skipped("the fixtures have no quota"));
        return;
    };
    let touched = Touched::new(Kind::Quota, key.as_str());
    let before = runner.known(touched.kind, key).await.map(|quota| quota.document["limit"].clone());
    let Some(before) = runner.record(report, touched.kind, "the quota can be read", before) else { return };
    let more = json!(before.as_u64().map_or(1000, |limit| limit + 1));
    for limit in [more, before] {
        let is_set =
            |observed: &gateway_core::document::observation::Observed| observed.fields["limit"] == limit;
        let command: Value = json!({ "limit": limit });
        action::act(runner, report, &touched, Verb::Update, command, &[], is_set).await;
    }
}
