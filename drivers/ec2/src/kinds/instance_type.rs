//! Instance types.

use gateway_core::Result;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, InstanceType};

use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::{Element, odd};

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: InstanceType::KIND,
        published: true,
        own: false,
        get: true,
        says_state: false,
    },
    parts: &[Part::new(
        "DescribeInstanceTypes",
        "instanceTypeSet",
        Single::Parameter("InstanceType"),
        Map::One(|element, _| observe(element)),
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

/// Reads one item of `instanceTypeSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every instance type has, or is of the wrong type.
pub(crate) fn observe(element: &Element) -> Result<Observed> {
    let name = element.required(&["instanceType"])?;
    let size = size(element)?;
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

/// What an instance takes over from its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u64,
}

/// Reads the size alone.
///
/// # Errors
/// As [`observe`].
pub(crate) fn size(element: &Element) -> Result<Size> {
    let missing = || odd("an instance type without size");
    Ok(Size {
        vcpus: element.read_at(&["vCpuInfo", "defaultVCpus"])?.ok_or_else(missing)?,
        memory_mib: element.read_at(&["memoryInfo", "sizeInMiB"])?.ok_or_else(missing)?,
    })
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

    const TYPE: &str = "<item><instanceType>p9.big</instanceType><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo>\
        <memoryInfo><sizeInMiB>16384</sizeInMiB></memoryInfo>\
        <supportedRootDeviceTypes><item>ebs</item></supportedRootDeviceTypes>\
        <processorInfo><supportedArchitectures><item>i386</item><item>x86_64</item></supportedArchitectures></processorInfo>\
        <instanceStorageInfo><totalSizeInGB>125</totalSizeInGB></instanceStorageInfo>\
        <gpuInfo><gpus><item><count>2</count></item><item><count>1</count></item></gpus></gpuInfo>\
        <inferenceAcceleratorInfo><accelerators><member><count>8</count></member></accelerators></inferenceAcceleratorInfo>\
        </item>";

    #[test]
    fn sizes_disks_and_accelerators() {
        let seen = observe(&Element::parse(TYPE).unwrap()).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str()), ("p9.big", "p9.big"));
        assert_eq!((seen.visibility, seen.state), (Visibility::Public, None));
        let fields: InstanceType = serde_json::from_value(seen.fields.into()).unwrap();
        assert_eq!((fields.vcpus, fields.memory_mib), (4, 16384));
        assert_eq!((fields.disk_gib, fields.ephemeral_disk_gib), (Some(0), Some(125)));
        assert_eq!(fields.architectures, ["i386", "x86_64"]);
        assert_eq!(fields.accelerators, Some(11));
    }

    #[test]
    fn a_type_without_memory_is_no_type() {
        let text = TYPE.replace("sizeInMiB", "size");
        assert!(observe(&Element::parse(&text).unwrap()).is_err());
    }
}
