//! Steps that are refused because an earlier attempt is in progress, or has succeeded.

use gateway_core::driver::Done;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Verb;
use serde_json::Value;

use super::action::Action;
use crate::service::Service;

/// Returns success if the resource shows that an earlier attempt was accepted, and the refusal otherwise. A deletion may
/// end between the refusal and the read.
pub(super) async fn accept_if(
    action: &Action<'_>,
    refusal: Error,
    service: Service,
    path: &[&str],
    key: &str,
    was_accepted: impl Fn(&Value) -> bool,
) -> Result<Done> {
    if !matches!(refusal.kind(), ErrorKind::Invalid | ErrorKind::Conflict) {
        return Err(refusal);
    }
    let is_accepted = match action.scope.read(service, path, &[], Some(key)).await {
        Ok(document) => was_accepted(&document),
        Err(error) => action.step.verb == Verb::Delete && error.kind() == ErrorKind::NotFound,
    };
    if is_accepted { action.already_done(&refusal) } else { Err(refusal) }
}
