//! Instance types.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::KindCapability;
use gateway_core::kind::InstanceType;
use gateway_core::{Kind, Result};

use crate::descriptor::Descriptor;
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::sizes::Size;
use crate::xml::Element;

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::InstanceType,
        published: true,
        own: false,
        get: true,
        says_state: false,
    },
    verbs: &[],
    calls: &[ListCall::new(
        "DescribeInstanceTypes",
        "instanceTypeSet",
        Single::Parameter("InstanceType"),
        Mapping::One(observe),
    )
    .paged(100)
    .published()],
};

/// Lists of accelerators in an instance type.
const ACCELERATORS: [[&str; 2]; 5] = [
    ["gpuInfo", "gpus"],
    ["fpgaInfo", "fpgas"],
    ["inferenceAcceleratorInfo", "accelerators"],
    ["neuronInfo", "neuronDevices"],
    ["mediaAcceleratorInfo", "accelerators"],
];

/// Maps one item of `instanceTypeSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(element: &Element, _origin: Origin<'_>) -> Result<Observed> {
    let name = element.required(&["instanceType"])?;
    let size = Size::read(element)?;
    let boots_from_volume =
        element.items(&["supportedRootDeviceTypes"]).any(|root| root.text.trim() == "ebs");
    let fields = InstanceType {
        description: None,
        vcpus: size.vcpus,
        memory_mib: size.memory_mib,
        disk_gib: boots_from_volume.then_some(0),
        ephemeral_disk_gib: element.read_at(&["instanceStorageInfo", "totalSizeInGB"])?,
        swap_mib: None,
        architectures: element
            .items(&["processorInfo", "supportedArchitectures"])
            .map(|item| item.text.trim().to_owned())
            .collect(),
        accelerators: accelerators(element)?,
        disabled: None,
    };
    let mut observed = Observed::new(name, name, &fields, element.to_json())?;
    observed.visibility = Visibility::Public;
    Ok(observed)
}

fn accelerators(element: &Element) -> Result<Option<u32>> {
    let mut total: Option<u32> = None;
    for path in &ACCELERATORS {
        for item in element.items(path) {
            let count = item.read_at::<u32>(&["count"])?.unwrap_or(1);
            total = Some(total.unwrap_or(0).saturating_add(count));
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::with_origin;

    const TYPE: &str = "<item><instanceType>p9.big</instanceType><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo>\
        <memoryInfo><sizeInMiB>16384</sizeInMiB></memoryInfo>\
        <supportedRootDeviceTypes><item>ebs</item></supportedRootDeviceTypes>\
        <processorInfo><supportedArchitectures><item>i386</item><item>x86_64</item></supportedArchitectures></processorInfo>\
        <instanceStorageInfo><totalSizeInGB>125</totalSizeInGB></instanceStorageInfo>\
        <gpuInfo><gpus><item><count>2</count></item><item><count>1</count></item></gpus></gpuInfo>\
        <inferenceAcceleratorInfo><accelerators><member><count>8</count></member></accelerators></inferenceAcceleratorInfo>\
        </item>";

    #[test]
    fn instance_type_is_mapped() {
        let observed = with_origin(TYPE, observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("p9.big", "p9.big"));
        assert_eq!((observed.visibility, observed.state), (Visibility::Public, None));
        let fields: InstanceType = serde_json::from_value(observed.fields.into()).unwrap();
        assert_eq!((fields.vcpus, fields.memory_mib), (4, 16384));
        assert_eq!((fields.disk_gib, fields.ephemeral_disk_gib), (Some(0), Some(125)));
        assert_eq!(fields.architectures, ["i386", "x86_64"]);
        assert_eq!(fields.accelerators, Some(11));
    }

    #[test]
    fn instance_type_without_memory_is_an_error() {
        let text = TYPE.replace("sizeInMiB", "size");
        assert!(with_origin(&text, observe).is_err());
    }
}
