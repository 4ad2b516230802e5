//! The form of `RunInstances`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::kind::CreateInstance;

use super::placement::Placement;
use super::reference::{key_of, keys_of};
use super::tagging::tagged;
use crate::form::Form;
use crate::tags::Naming;

/// Returns the form, without `cloud_options`.
///
/// # Errors
/// Internal, when a resource that the command names was not looked up.
pub(crate) fn form(step: &Step<'_>, command: &CreateInstance, placement: &Placement) -> Result<Form> {
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
    if placement.subnets.is_empty() && interfaces.is_empty() {
        form = form.with_list("SecurityGroupId", &groups);
    }
    form = with_interfaces(form, &placement.subnets, &groups, &interfaces);
    if let (Some(boot), Some(device)) = (&command.boot_volume, &placement.root_device) {
        form = form
            .with("BlockDeviceMapping.1.DeviceName", device)
            .with_some("BlockDeviceMapping.1.Ebs.VolumeSize", boot.size_gib)
            .with("BlockDeviceMapping.1.Ebs.DeleteOnTermination", boot.delete_on_termination);
    }
    Ok(tagged(form, "instance", step, &command.tags, Naming::Tag(&command.name)))
}

/// Adds a new interface in each subnet, and then the existing interfaces.
fn with_interfaces(mut form: Form, subnets: &[String], groups: &[&str], interfaces: &[&str]) -> Form {
    for (at, subnet) in subnets.iter().enumerate() {
        let name = format!("NetworkInterface.{}", at + 1);
        form = form
            .with(format!("{name}.DeviceIndex"), at)
            .with(format!("{name}.SubnetId"), subnet)
            .with(format!("{name}.DeleteOnTermination"), true)
            .with_list(&format!("{name}.SecurityGroupId"), groups);
    }
    for (at, interface) in interfaces.iter().enumerate() {
        let at = subnets.len() + at;
        let name = format!("NetworkInterface.{}", at + 1);
        form = form
            .with(format!("{name}.DeviceIndex"), at)
            .with(format!("{name}.NetworkInterfaceId"), interface);
    }
    form
}

#[cfg(test)]
#[path = "run_instances_test.rs"]
mod tests;
