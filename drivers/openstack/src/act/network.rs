//! What Neutron does.
//!
//! Neutron has no metadata: the marker stands at the end of the description. Tags are set by a call of their own, which
//! follows the one that makes the marked thing.

mod binding;
mod change;
mod end;
mod faults;
mod form;
#[cfg(test)]
mod form_test;
mod make;
mod place;
mod router;
mod rule;
mod tags;
mod touched;

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{Canonical, Kind};
use gateway_core::kinds::IpAddressBinding;
use gateway_core::order::{Fault, Order};
use gateway_core::verb::{Can, Verb};
use serde_json::Value;

use super::Act;
use crate::resources;
use crate::session::OpenStackSession;

const WRITTEN: &[Can] = &[Can::new(Verb::Create), Can::new(Verb::Update), Can::new(Verb::Delete)];
const MADE: &[Can] = &[Can::new(Verb::Create), Can::new(Verb::Delete)];

pub(super) const NETWORK: &[Can] = WRITTEN;
pub(super) const SUBNET: &[Can] = WRITTEN;
pub(super) const NETWORK_INTERFACE: &[Can] = WRITTEN;
pub(super) const ROUTER: &[Can] = &[
    Can::new(Verb::Create),
    Can::new(Verb::Update),
    Can::new(Verb::Delete),
    Can::new(Verb::AddInterface),
    Can::new(Verb::RemoveInterface),
    Can::new(Verb::SetGateway),
    Can::new(Verb::ClearGateway),
];
pub(super) const IP_ADDRESS: &[Can] = WRITTEN;
pub(super) const IP_ADDRESS_BINDING: &[Can] = MADE;
pub(super) const SECURITY_GROUP: &[Can] = WRITTEN;
pub(super) const SECURITY_GROUP_RULE: &[Can] = MADE;

pub(super) fn faults(step: &Step<'_>) -> Vec<Fault> {
    faults::of(step)
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.order) {
        (Verb::Create, Order::CreateIpAddressBinding(order)) => binding::make(act, order).await,
        (Verb::Create, _) => make::make(act).await,
        (Verb::Update, _) => change::change(act).await,
        (Verb::Delete, _) if act.step.kind == IpAddressBinding::KIND => binding::end(act).await,
        (Verb::Delete, _) => end::end(act).await,
        (Verb::AddInterface, Order::RouterSubnet(order)) => router::add_interface(act, order).await,
        (Verb::RemoveInterface, Order::RouterSubnet(order)) => router::remove_interface(act, order).await,
        (Verb::SetGateway, Order::RouterGateway(order)) => router::set_gateway(act, order).await,
        (Verb::ClearGateway, _) => router::clear_gateway(act).await,
        _ => Err(act.step.unsupported()),
    }
}

pub(super) async fn find(act: &Act<'_>, session: &OpenStackSession) -> Result<Option<Touched>> {
    match (act.step.verb, act.step.order) {
        (Verb::Create, Order::CreateIpAddressBinding(order)) => binding::find(act, order).await,
        (Verb::Create, _) => make::find(act, session).await,
        _ => Err(act.step.unsupported()),
    }
}

/// Neutron's own document, before anything is sent: a fault on the way has changed nothing.
async fn read(act: &Act<'_>, kind: Kind, id: &str) -> Result<Option<Value>> {
    let found = act.asker.look_up(resources::of(kind)?, id).await.map_err(Error::untouched)?;
    Ok(found.and_then(|found| found.items.into_iter().next()))
}
