//! The form that makes an instance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::kind::CreateInstance;

use super::tagging::{Naming, tagged};
use super::{key_of, keys_of};
use crate::form::Form;

/// What an order leaves to the cloud's own documents.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// One subnet for each network, and then those that the order names.
    pub(crate) subnets: Vec<String>,
    /// What the image calls its root disk.
    pub(crate) root_device: Option<String>,
}

impl Places {
    /// As many as there will be, with nothing in them: enough to see which parameters an order becomes.
    pub(crate) fn unknown(command: &CreateInstance) -> Self {
        let subnets = vec![String::new(); command.networks.len() + command.subnets.len()];
        Self { subnets, root_device: command.boot_volume.as_ref().map(|_| String::new()) }
    }
}

/// The form without the cloud's own options.
///
/// # Errors
/// Internal, when something that the order names was not looked up.
pub(crate) fn form(step: &Step<'_>, command: &CreateInstance, places: &Places) -> Result<Form> {
    let image = command.image.map(|id| key_of(step, id)).transpose()?;
    let ssh_key = command.ssh_key.map(|id| step.named.get(id)).transpose()?;
    let groups = keys_of(step, &command.security_groups)?;
    let interfaces = keys_of(step, &command.network_interfaces)?;
    let user_data = command.user_data.as_ref().map(|text| STANDARD.encode(text.expose()));
    let mut form = Form::new("RunInstances")
        .with_some("ImageId", image)
        .with("InstanceType", key_of(step, command.instance_type)?)
        .with("MinCount", 1)
        .with("MaxCount", 1)
        .with("ClientToken", step.marker)
        .with_some("KeyName", ssh_key.map(|key| &key.name))
        .with_some("UserData", user_data)
        .with_some("Placement.AvailabilityZone", command.datacenter.as_ref());
    let number = places.subnets.len() + interfaces.len();
    if number == 0 {
        form = form.with_list("SecurityGroupId", &groups);
    }
    for (at, subnet) in places.subnets.iter().enumerate() {
        let name = format!("NetworkInterface.{}", at + 1);
        form = form
            .with(format!("{name}.DeviceIndex"), at)
            .with(format!("{name}.SubnetId"), subnet)
            .with(format!("{name}.DeleteOnTermination"), true)
            .with_list(&format!("{name}.SecurityGroupId"), &groups);
    }
    for (at, interface) in interfaces.iter().enumerate() {
        let at = places.subnets.len() + at;
        let name = format!("NetworkInterface.{}", at + 1);
        form = form
            .with(format!("{name}.DeviceIndex"), at)
            .with(format!("{name}.NetworkInterfaceId"), interface);
    }
    if let (Some(boot), Some(device)) = (&command.boot_volume, &places.root_device) {
        form = form
            .with("BlockDeviceMapping.1.DeviceName", device)
            .with_some("BlockDeviceMapping.1.Ebs.VolumeSize", boot.size_gib)
            .with("BlockDeviceMapping.1.Ebs.DeleteOnTermination", boot.delete_on_termination);
    }
    Ok(tagged(form, "instance", step, &command.tags, Naming::Tag(&command.name)))
}
