//! Commands: validation, execution, and the search for the resource of an earlier attempt.

mod body;
mod create;
mod find;
mod image;
mod instance;
mod ip_address;
mod ip_address_binding;
mod network;
mod network_interface;
mod quota;
mod router;
mod security_group;
mod security_group_rule;
mod site;
mod ssh_key;
mod subnet;
mod validate;
mod volume;
mod volume_attachment;
mod volume_snapshot;

use gateway_core::driver::{Done, Step};
use gateway_core::id::Region;
use gateway_core::kind::{Command, Verb};
use gateway_core::{Kind, Result};
use site::Site;

use crate::client::Client;
use crate::kind::CAPABILITY;

pub(crate) use find::find;
pub(crate) use validate::validate;

/// Executes a step with one write.
pub(crate) async fn act(client: &Client, region: &Region, step: &Step<'_>) -> Result<Done> {
    if CAPABILITY.can(step.kind, step.verb).is_none() {
        return Err(step.unsupported());
    }
    let site = Site { client, region, step };
    match (step.kind, step.verb, step.command) {
        (Kind::Instance, Verb::Create, Command::CreateInstance(command)) => {
            instance::create(&site, command).await
        }
        (Kind::VolumeAttachment, ..) => volume_attachment::act(&site).await,
        (Kind::IpAddressBinding, ..) => ip_address_binding::act(&site).await,
        (Kind::SshKey, Verb::Create, Command::CreateSshKey(command)) => ssh_key::create(&site, command).await,
        (_, Verb::Create, _) => site.create(create::members(step)?).await,
        (_, Verb::Update, Command::Update(update)) => site.update(update).await,
        (_, Verb::Delete, _) => site.delete().await,
        (Kind::Instance, ..) => instance::command(&site).await,
        (Kind::NetworkInterface, ..) => network_interface::update(&site).await,
        (Kind::Quota, ..) => quota::update(&site).await,
        (Kind::Router, ..) => router::command(&site).await,
        (Kind::Image, ..) => image::share(&site).await,
        (Kind::Volume, ..) => volume::extend(&site).await,
        _ => Err(step.unsupported()),
    }
}
