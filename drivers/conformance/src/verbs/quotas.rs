//! A quota is set, and set back.

use gateway_core::driver::Touched;
use gateway_core::verb::Verb;
use serde_json::{Value, json};

use super::desk::Desk;
use super::{action, kind};
use crate::report::{Report, skipped};

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    let of = kind("quota");
    if !desk.can(of, Verb::Update) {
        return;
    }
    let Some(key) = &desk.fixtures.quota else {
        desk.note::<()>(report, of, "update does what it says", skipped("the account may set none"));
        return;
    };
    let touched = Touched::new(kind("quota"), key.as_str());
    let before = desk.known(touched.kind, key).await.map(|quota| quota.document["limit"].clone());
    let Some(before) = desk.note(report, touched.kind, "one can be read", before) else { return };
    let more = json!(before.as_u64().map_or(1000, |limit| limit + 1));
    for limit in [more, before] {
        let is_set = |observed: &gateway_core::observation::Observed| observed.fields["limit"] == limit;
        let order: Value = json!({ "limit": limit });
        action::act(desk, report, &touched, Verb::Update, order, &[], is_set).await;
    }
}
