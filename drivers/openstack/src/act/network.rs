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
use gateway_core::kind::{Canonical, Command, FieldError, IpAddressBinding, Kind, Verb, VerbSupport};
use serde_json::Value;

use super::Act;
use crate::resources;
use crate::session::OpenStackSession;

const WRITTEN: &[VerbSupport] =
    &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Update), VerbSupport::new(Verb::Delete)];
const MADE: &[VerbSupport] = &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Delete)];

pub(super) const NETWORK: &[VerbSupport] = WRITTEN;
pub(super) const SUBNET: &[VerbSupport] = WRITTEN;
pub(super) const NETWORK_INTERFACE: &[VerbSupport] = WRITTEN;
pub(super) const ROUTER: &[VerbSupport] = &[
    VerbSupport::new(Verb::Create),
    VerbSupport::new(Verb::Update),
    VerbSupport::new(Verb::Delete),
    VerbSupport::new(Verb::AddInterface),
    VerbSupport::new(Verb::RemoveInterface),
    VerbSupport::new(Verb::SetGateway),
    VerbSupport::new(Verb::ClearGateway),
];
pub(super) const IP_ADDRESS: &[VerbSupport] = WRITTEN;
pub(super) const IP_ADDRESS_BINDING: &[VerbSupport] = MADE;
pub(super) const SECURITY_GROUP: &[VerbSupport] = WRITTEN;
pub(super) const SECURITY_GROUP_RULE: &[VerbSupport] = MADE;

pub(super) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    faults::of(step)
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateIpAddressBinding(command)) => binding::make(act, command).await,
        (Verb::Create, _) => make::make(act).await,
        (Verb::Update, _) => change::change(act).await,
        (Verb::Delete, _) if act.step.kind == IpAddressBinding::KIND => binding::end(act).await,
        (Verb::Delete, _) => end::end(act).await,
        (Verb::AddInterface, Command::RouterSubnet(command)) => router::add_interface(act, command).await,
        (Verb::RemoveInterface, Command::RouterSubnet(command)) => {
            router::remove_interface(act, command).await
        }
        (Verb::SetGateway, Command::RouterGateway(command)) => router::set_gateway(act, command).await,
        (Verb::ClearGateway, _) => router::clear_gateway(act).await,
        _ => Err(act.step.unsupported()),
    }
}

pub(super) async fn find(act: &Act<'_>, session: &OpenStackSession) -> Result<Option<Touched>> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateIpAddressBinding(command)) => binding::find(act, command).await,
        (Verb::Create, _) => make::find(act, session).await,
        _ => Err(act.step.unsupported()),
    }
}

/// Neutron's own document, before anything is sent: a fault on the way has changed nothing.
async fn read(act: &Act<'_>, kind: Kind, id: &str) -> Result<Option<Value>> {
    let found = act.asker.look_up(resources::of(kind)?, id).await.map_err(Error::untouched)?;
    Ok(found.and_then(|found| found.items.into_iter().next()))
}
