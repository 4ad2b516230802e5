//! Images that are registered, and sharing.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Known, Touched};
use gateway_core::kind::Verb;
use serde_json::json;

use super::desk::Desk;
use super::{action, life};
use crate::report::Report;

pub(super) async fn run(desk: &Desk<'_>, report: &mut Report) {
    if !desk.can(Kind::Image, Verb::Create) {
        return;
    }
    let command = json!({ "name": desk.name("image"), "disk_format": desk.fixtures.disk_format,
        "tags": { "role": "test" } });
    let Some(image) = life::begin(desk, report, Kind::Image, command, &[]).await else { return };
    // One that waits to be filled is not shared; one that is made of an instance is.
    if !desk.fixtures.images_wait_to_be_filled {
        share(desk, report, &image).await;
    }
    life::end(desk, report, &image).await;
}

/// Shares an image that allows it, and ends that.
pub(super) async fn share(desk: &Desk<'_>, report: &mut Report, image: &Known) {
    let touched = Touched::new(image.kind, image.native_key.as_str());
    let Some(account) = &desk.fixtures.other_account else { return };
    let command = json!({ "external_account": account });
    for verb in [Verb::Share, Verb::Unshare] {
        let is_there = |observed: &Observed| observed.state == Some("available");
        action::act(desk, report, &touched, verb, command.clone(), &[], is_there).await;
    }
}
