//! A quota is set, and set back.

use gateway_core::Kind;
use gateway_core::driver::Touched;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use super::action;
use super::desk::Desk;
use crate::report::{Report, skipped};

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let of = Kind::Quota;
    if !desk.can(of, Verb::Update) {
        return;
    }
    let Some(key) = &desk.fixtures.quota else {
        desk.note::<()>(report, of, "update does what it says", skipped("the account may set none"));
        return;
    };
    let touched = Touched::new(Kind::Quota, key.as_str());
    let before = desk.known(touched.kind, key).await.map(|quota| quota.document["limit"].clone());
    let Some(before) = desk.note(report, touched.kind, "one can be read", before) else { return };
    let more = json!(before.as_u64().map_or(1000, |limit| limit + 1));
    for limit in [more, before] {
        let is_set =
            |observed: &gateway_core::document::observation::Observed| observed.fields["limit"] == limit;
        let command: Value = json!({ "limit": limit });
        action::act(desk, report, &touched, Verb::Update, command, &[], is_set).await;
    }
}
