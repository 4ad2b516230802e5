//! Orders that are refused because an earlier try of them is under way, or done.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use serde_json::Value;

use super::Act;
use crate::catalog::Service;
use crate::paging;

/// The end of a step whose earlier try was taken, as what a service says of a thing shows; or else the refusal. What is
/// deleted may be gone between the refusal and the look.
pub(super) async fn or_refusal(
    act: &Act<'_>,
    refused: Error,
    service: Service,
    path: &[&str],
    around: &str,
    was_taken: impl Fn(&Value) -> bool,
) -> Result<Done> {
    if !matches!(refused.kind(), ErrorKind::Invalid | ErrorKind::Conflict) {
        return Err(refused);
    }
    let answer = act.asker.connection.read(act.asker.region, service, path, &[]).await;
    let now = answer.and_then(|answer| paging::read_one(&answer, Some(around)));
    let is_so = match now {
        Ok(document) => was_taken(&document),
        Err(error) => act.step.verb == Verb::Delete && error.kind() == ErrorKind::NotFound,
    };
    if is_so { already(act, &refused) } else { Err(refused) }
}

/// The end of a step of which a refusal tells that it is as was ordered.
pub(super) fn already(act: &Act<'_>, refused: &Error) -> Result<Done> {
    let target = act.step.target()?;
    let touched = vec![Touched::new(target.kind, &target.native_key)];
    let request_id = refused.cloud().and_then(|words| words.request_id.clone());
    Ok(Done { touched, answer: None, request_id })
}
