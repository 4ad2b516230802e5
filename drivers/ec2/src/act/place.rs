//! Where something goes whose order names a network: EC2 wants a subnet.

use std::collections::BTreeMap;

use gateway_core::driver::Step;
use gateway_core::id::ResourceId;
use gateway_core::kind::CreateInstance;
use gateway_core::{Error, Result};
use serde_json::Value;

use super::instance_form::Places;
use super::{Act, key_of, keys_of};
use crate::form::Form;
use crate::xml::Element;

/// A subnet with its zone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) subnet: String,
    zone: String,
}

/// A subnet of a network, in that zone if one is given.
///
/// # Errors
/// Invalid at the place of the order, when there is none with a free address.
pub(crate) async fn in_network(
    act: &Act<'_>,
    network: &str,
    zone: Option<&str>,
    pointer: &str,
) -> Result<Place> {
    let mut token: Option<String> = None;
    let mut places = BTreeMap::new();
    loop {
        let form = Form::new("DescribeSubnets").with_filter("vpc-id", [network]);
        let form = zone.iter().fold(form, |form, zone| form.with_filter("availability-zone", [zone]));
        let answer = act.read(form.with_some("NextToken", token.as_ref())).await?;
        for subnet in answer.items(&["subnetSet"]) {
            places.extend(usable(subnet)?);
        }
        match answer.text_at(&["nextToken"]) {
            Some(next) if token.as_deref() != Some(next) => token = Some(next.to_owned()),
            _ => break,
        }
    }
    // Always the first: an order that is sent again with its client token must be the same.
    places.into_iter().next().map(|(subnet, zone)| Place { subnet, zone }).ok_or_else(|| {
        let place = zone.map(|zone| format!(" in {zone}")).unwrap_or_default();
        let message = format!("the network has no subnet with a free address{place}");
        Error::invalid(message).at(pointer).untouched()
    })
}

fn usable(subnet: &Element) -> Result<Option<(String, String)>> {
    let free: Option<u64> = subnet.read_at(&["availableIpAddressCount"])?;
    let place = (subnet.required(&["subnetId"])?, subnet.required(&["availabilityZone"])?);
    Ok((free != Some(0)).then(|| (place.0.to_owned(), place.1.to_owned())))
}

/// The subnets of a new instance, all in one zone, and what its image calls the root disk.
///
/// # Errors
/// Invalid, when the image or a network has nothing to offer; what the cloud answered.
pub(crate) async fn of_instance(act: &Act<'_>, command: &CreateInstance) -> Result<Places> {
    let step = act.step;
    let mut zone = command.datacenter.clone().or_else(|| zone_of_named(step, command));
    let mut subnets = Vec::new();
    for (at, network) in command.networks.iter().enumerate() {
        let pointer = format!("/networks/{at}");
        let place = in_network(act, key_of(step, *network)?, zone.as_deref(), &pointer).await?;
        zone.get_or_insert(place.zone);
        subnets.push(place.subnet);
    }
    subnets.extend(keys_of(step, &command.subnets)?.into_iter().map(ToOwned::to_owned));
    let root_device = match (&command.boot_volume, command.image) {
        (Some(_), Some(image)) => Some(root_device(act, key_of(step, image)?).await?),
        _ => None,
    };
    Ok(Places { subnets, root_device })
}

/// The zone of what the order names already.
fn zone_of_named(step: &Step<'_>, command: &CreateInstance) -> Option<String> {
    let zone = |id: &ResourceId| {
        let zone = step.named.get(*id).ok()?.document.get("datacenter").and_then(Value::as_str)?;
        Some(zone.to_owned())
    };
    command.subnets.iter().chain(&command.network_interfaces).find_map(zone)
}

async fn root_device(act: &Act<'_>, image: &str) -> Result<String> {
    let answer = act.read(Form::new("DescribeImages").with_list("ImageId", [image])).await?;
    let device = answer.items(&["imagesSet"]).find_map(|image| image.owned_at(&["rootDeviceName"]));
    device.ok_or_else(|| {
        let message = "the image names no root disk, whose size could be another";
        Error::invalid(message).at("/boot_volume").untouched()
    })
}
