//! The placement of a resource whose command names a network: EC2 requires a subnet.

use std::collections::BTreeMap;

use gateway_core::driver::Step;
use gateway_core::id::ResourceId;
use gateway_core::kind::CreateInstance;
use gateway_core::{Error, Result};
use serde_json::Value;

use super::action::Action;
use super::reference::{key_of, keys_of};
use crate::form::Form;
use crate::xml::Element;

/// A subnet with its zone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SubnetInZone {
    pub(crate) subnet: String,
    zone: String,
}

/// The placement of a new instance, as the cloud's documents determine it.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// A subnet for each network, and then the subnets that the command names.
    pub(crate) subnets: Vec<String>,
    /// The image's name of its root disk.
    pub(crate) root_device: Option<String>,
}

impl Placement {
    /// Returns a placement with as many subnets as there will be, all without a value. It suffices to see which
    /// parameters a command becomes.
    pub(crate) fn unknown(command: &CreateInstance) -> Self {
        let subnets = vec![String::new(); command.networks.len() + command.subnets.len()];
        Self { subnets, root_device: command.boot_volume.as_ref().map(|_| String::new()) }
    }
}

/// Chooses a subnet of a network, in that zone if one is given.
///
/// # Errors
/// Invalid at the command's field, when no subnet has a free address.
pub(crate) async fn in_network(
    action: &Action<'_>,
    network: &str,
    zone: Option<&str>,
    pointer: &str,
) -> Result<SubnetInZone> {
    let mut token: Option<String> = None;
    let mut candidates = BTreeMap::new();
    loop {
        let form = Form::new("DescribeSubnets").with_filter("vpc-id", [network]);
        let form = zone.iter().fold(form, |form, zone| form.with_filter("availability-zone", [zone]));
        let answer = action.read(form.with_some("NextToken", token.as_ref())).await?;
        for subnet in answer.items(&["subnetSet"]) {
            candidates.extend(candidate(subnet)?);
        }
        match answer.text_at(&["nextToken"]) {
            Some(next) if token.as_deref() != Some(next) => token = Some(next.to_owned()),
            _ => break,
        }
    }
    // Always the first by id, because a call that is repeated with its client token must be the same.
    let chosen = candidates.into_iter().next();
    chosen.map(|(subnet, zone)| SubnetInZone { subnet, zone }).ok_or_else(|| {
        let place = zone.map(|zone| format!(" in `{zone}`")).unwrap_or_default();
        let message = format!("`{network}` has no subnet with a free address{place}; create a subnet");
        Error::invalid(message).at(pointer).untouched()
    })
}

/// Returns id and zone of a subnet, unless it has no free address.
fn candidate(subnet: &Element) -> Result<Option<(String, String)>> {
    let free: Option<u64> = subnet.read_at(&["availableIpAddressCount"])?;
    let (id, zone) = (subnet.required(&["subnetId"])?, subnet.required(&["availabilityZone"])?);
    Ok((free != Some(0)).then(|| (id.to_owned(), zone.to_owned())))
}

/// Chooses the subnets of a new instance, all in one zone, and reads its image's name of the root disk.
///
/// # Errors
/// Invalid, when the image has no root disk or a network no subnet; the cloud's error.
pub(crate) async fn of_instance(action: &Action<'_>, command: &CreateInstance) -> Result<Placement> {
    let step = action.step;
    let mut zone = command.datacenter.clone().or_else(|| zone_of_named(step, command));
    let mut subnets = Vec::new();
    for (at, network) in command.networks.iter().enumerate() {
        let pointer = format!("/networks/{at}");
        let chosen = in_network(action, key_of(step, *network)?, zone.as_deref(), &pointer).await?;
        zone.get_or_insert(chosen.zone);
        subnets.push(chosen.subnet);
    }
    subnets.extend(keys_of(step, &command.subnets)?.into_iter().map(ToOwned::to_owned));
    let root_device = match (&command.boot_volume, command.image) {
        (Some(_), Some(image)) => Some(root_device(action, key_of(step, image)?).await?),
        _ => None,
    };
    Ok(Placement { subnets, root_device })
}

/// Returns the zone of the subnets and interfaces that a command names.
fn zone_of_named(step: &Step<'_>, command: &CreateInstance) -> Option<String> {
    let zone = |id: &ResourceId| {
        let zone = step.named.get(*id).ok()?.document.get("datacenter").and_then(Value::as_str)?;
        Some(zone.to_owned())
    };
    command.subnets.iter().chain(&command.network_interfaces).find_map(zone)
}

async fn root_device(action: &Action<'_>, image: &str) -> Result<String> {
    let answer = action.read(Form::new("DescribeImages").with_list("ImageId", [image])).await?;
    let device = answer.items(&["imagesSet"]).find_map(|image| image.owned_at(&["rootDeviceName"]));
    device.ok_or_else(|| {
        let message =
            format!("`{image}` names no root disk, so that its size cannot be set; omit `boot_volume`");
        Error::invalid(message).at("/boot_volume").untouched()
    })
}
