//! Deletions, and the resources that Neutron deletes or changes along.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::Kind;

use super::collection::Collection;
use super::touched;
use crate::actions::action::Action;
use crate::client::Write;
use crate::document::belongs_to;
use crate::service::Service;

pub(super) async fn delete(action: &Action<'_>) -> Result<Done> {
    let target = action.step.target()?;
    let (collection, id) = (Collection::of(target.kind)?, target.external_id.as_str());
    // The document is needed for its parts, and is gone afterwards.
    let mut touched = match collection.read(action, id).await? {
        Some(document) => touched::created_or_deleted(target.kind, &document),
        None => vec![Touched::new(target.kind, id)],
    };
    touched.extend(referring(action, target.kind, id).await.map_err(Error::untouched)?);
    let answer = action.write(Write::delete(Service::Network, &[collection.path, id])).await?;
    Ok(Done { touched, answer: None, request_id: answer.request_id })
}

/// Reads the account's own resources that refer to the deleted one: addresses bound to a port, and rules for the members
/// of a group.
async fn referring(action: &Action<'_>, kind: Kind, id: &str) -> Result<Vec<Touched>> {
    let (of, member) = match kind {
        Kind::NetworkInterface => (Kind::IpAddress, "port_id"),
        Kind::SecurityGroup => (Kind::SecurityGroupRule, "remote_group_id"),
        _ => return Ok(Vec::new()),
    };
    let mut found = Collection::of(of)?.all(action, &[(member, id)]).await?;
    found.retain(|document| belongs_to(document, action.scope.account));
    Ok(found.iter().flat_map(|document| touched::changed(of, document)).collect())
}
