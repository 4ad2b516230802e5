//! Orders that are refused because an earlier try of them is under way, or done.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use serde_json::Value;

use super::Act;
use crate::catalog::Service;
use crate::paging;

/// The end of a step whose earlier try was taken, as what Cinder says of a thing shows; or else the refusal.
pub(super) async fn or_refusal(
    act: &Act<'_>,
    refused: Error,
    path: &[&str],
    around: &str,
    was_taken: impl Fn(&Value) -> bool,
) -> Result<Done> {
    if !matches!(refused.kind(), ErrorKind::Invalid | ErrorKind::Conflict) {
        return Err(refused);
    }
    let answer = act.asker.connection.read(act.asker.region, Service::Volume, path, &[]).await;
    let now = answer.and_then(|answer| paging::read_one(&answer, Some(around)));
    if !now.is_ok_and(|document| was_taken(&document)) {
        return Err(refused);
    }
    let target = act.step.target()?;
    let touched = vec![Touched::new(target.kind, &target.native_key)];
    let request_id = refused.cloud().and_then(|words| words.request_id.clone());
    Ok(Done { touched, answer: None, request_id })
}
