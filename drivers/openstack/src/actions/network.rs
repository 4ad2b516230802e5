//! Commands of the kinds of Neutron.
//!
//! Neutron has no metadata, so that the marker stands at the end of the description. Tags are set by a call of their own,
//! after the call that creates the marked resource.

mod body;
#[cfg(test)]
mod body_test;
mod collection;
mod create;
mod delete;
mod ip_address_binding;
mod router;
mod security_group_rule;
mod tags;
mod touched;
mod update;
mod validate;

use gateway_core::driver::{Done, Touched};
use gateway_core::error::Result;
use gateway_core::kind::{Command, Kind, Verb};

use super::action::Action;

pub(super) use validate::validate;

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateIpAddressBinding(command)) => {
            ip_address_binding::create(action, command).await
        }
        (Verb::Create, _) => create::create(action).await,
        (Verb::Update, _) => update::update(action).await,
        (Verb::Delete, _) if action.step.kind == Kind::IpAddressBinding => {
            ip_address_binding::delete(action).await
        }
        (Verb::Delete, _) => delete::delete(action).await,
        (Verb::AddInterface, Command::RouterSubnet(command)) => router::add_interface(action, command).await,
        (Verb::RemoveInterface, Command::RouterSubnet(command)) => {
            router::remove_interface(action, command).await
        }
        (Verb::SetGateway, Command::RouterGateway(command)) => router::set_gateway(action, command).await,
        (Verb::ClearGateway, _) => router::clear_gateway(action).await,
        _ => Err(action.step.unsupported()),
    }
}

pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateIpAddressBinding(command)) => {
            ip_address_binding::find(action, command).await
        }
        (Verb::Create, _) => create::find(action).await,
        _ => Err(action.step.unsupported()),
    }
}
