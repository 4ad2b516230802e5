//! Registered images, and sharing.

use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Known, Touched};
use gateway_core::kind::Verb;
use serde_json::json;

use super::runner::Runner;
use super::{action, lifecycle};
use crate::report::Report;

pub(super) async fn run(runner: &Runner<'_>, report: &mut Report) {
    if !runner.can(Kind::Image, Verb::Create) {
        return;
    }
    let command = json!({ "name": runner.name("image"), "disk_format": runner.fixtures.disk_format,
        "tags": { "role": "test" } });
    let Some(image) = lifecycle::create(runner, report, Kind::Image, command, &[]).await else { return };
    // A queued image cannot be shared; an image of an instance can, and is.
    if !runner.fixtures.images_need_content {
        share(runner, report, &image).await;
    }
    lifecycle::delete(runner, report, &image).await;
}

/// Shares an image and ends the share.
pub(super) async fn share(runner: &Runner<'_>, report: &mut Report, image: &Known) {
    let touched = Touched::new(image.kind, image.native_key.as_str());
    let Some(account) = &runner.fixtures.other_account else { return };
    let command = json!({ "external_account": account });
    for verb in [Verb::Share, Verb::Unshare] {
        let is_available = |observed: &Observed| observed.state == Some("available");
        action::act(runner, report, &touched, verb, command.clone(), &[], is_available).await;
    }
}
