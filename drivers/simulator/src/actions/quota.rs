//! Commands of quotas.

use gateway_core::Result;
use gateway_core::driver::Done;
use gateway_core::kind::Command;
use serde_json::json;

use super::site::Site;

/// Sets the limit.
pub(crate) async fn update(site: &Site<'_>) -> Result<Done> {
    let Command::UpdateQuota(command) = site.step.command else { return Err(site.step.unsupported()) };
    site.change([("limit".to_owned(), json!(command.limit))].into_iter().collect()).await
}
