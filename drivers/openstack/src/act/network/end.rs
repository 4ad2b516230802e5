//! Ending one thing, and naming what Neutron ends or changes along with it.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{Canonical, IpAddress, Kind, NetworkInterface, SecurityGroup, SecurityGroupRule};

use super::place::Place;
use super::{read, touched};
use crate::act::Act;
use crate::catalog::Service;
use crate::connection::Write;
use crate::wire::belongs_to;

pub(super) async fn end(act: &Act<'_>) -> Result<Done> {
    let target = act.step.target()?;
    let (place, id) = (Place::of(target.kind)?, target.external_id.as_str());
    // Asked before: afterwards nobody can tell what was with it.
    let mut touched = match read(act, target.kind, id).await? {
        Some(document) => touched::made_or_ended(target.kind, &document),
        None => vec![Touched::new(target.kind, id)],
    };
    touched.extend(led_here(act, target.kind, id).await.map_err(Error::untouched)?);
    let answer = act.write(Write::delete(Service::Network, &[place.path, id])).await?;
    Ok(Done { touched, answer: None, request_id: answer.request_id })
}

/// The account's own that name it: addresses led to a port then lead nowhere, and rules for a group's members end.
async fn led_here(act: &Act<'_>, kind: Kind, id: &str) -> Result<Vec<Touched>> {
    let (of, named_by) = if kind == NetworkInterface::KIND {
        (IpAddress::KIND, "port_id")
    } else if kind == SecurityGroup::KIND {
        (SecurityGroupRule::KIND, "remote_group_id")
    } else {
        return Ok(Vec::new());
    };
    let place = Place::of(of)?;
    let mut found =
        act.asker.every(Service::Network, &[place.path], &[(named_by, id)], &place.pages()).await?;
    found.retain(|document| belongs_to(document, act.asker.account));
    Ok(found.iter().flat_map(|document| touched::changed(of, document)).collect())
}
