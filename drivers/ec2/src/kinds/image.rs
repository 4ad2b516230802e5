//! Images.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Image, Verb, VerbSupport};
use gateway_core::{Kind, Result};

use crate::descriptor::{DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::Element;
use crate::{state, tags};

const ACTION: &str = "DescribeImages";
const LIST: &str = "imagesSet";
const PAGE_SIZE: u32 = 1000;

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability { kind: Kind::Image, published: true, own: true, get: true, says_state: true },
    // Images are imported by services of their own, so that none is created here except of an instance.
    verbs: &[UPDATE, DELETE, VerbSupport::new(Verb::Share), VerbSupport::new(Verb::Unshare)],
    calls: &[
        // Disabled images are shown only on request. A read by id shows images of all three lists.
        ListCall::new(ACTION, LIST, Single::Parameter("ImageId"), Mapping::One(observe))
            .paged(PAGE_SIZE)
            .named("self")
            .with_parameters(|form, _| Some(form.with_list("Owner", ["self"]).with("IncludeDisabled", true))),
        ListCall::new(ACTION, LIST, Single::OtherCall, Mapping::Many(observe_shared))
            .paged(PAGE_SIZE)
            .named("shared")
            .with_parameters(|form, _| Some(form.with_list("ExecutableBy", ["self"]))),
        ListCall::new(ACTION, LIST, Single::OtherCall, Mapping::Many(observe_public))
            .paged(PAGE_SIZE)
            .named("public")
            .published()
            .with_parameters(|form, options| {
                let owners = &options.public_image_owners;
                let form = (!owners.is_empty()).then(|| form.with_list("Owner", owners))?;
                Some(form.with_filter("is-public", ["true"]))
            }),
    ],
};

/// Maps one item of `imagesSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(image: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(image);
    let word = image.required(&["imageState"])?;
    let owned = |name| image.owned_at(&[name]);
    let fields = Image {
        description: owned("description"),
        size_bytes: None,
        min_disk_gib: root_disk_gib(image)?,
        min_memory_mib: None,
        disk_format: owned("rootDeviceType"),
        container_format: None,
        architecture: owned("architecture"),
        os: owned("platformDetails").or_else(|| owned("platform")),
        protected: image.text_at(&["deregistrationProtection"]).map(|word| word != "disabled"),
        checksum: None,
    };
    let name = owned("name").unwrap_or_else(|| tags::name(&tags));
    let mut observed = Observed::new(image.required(&["imageId"])?, name, &fields, image.to_json())?
        .with_state(state::IMAGE.of(word), word);
    observed.owner = owned("imageOwnerId");
    observed.visibility = visibility(image, origin)?;
    observed.created_at = image.time_at(&["creationDate"])?;
    observed.tags = tags;
    Ok(observed)
}

/// Maps images of other accounts. Own images are in the call before, and public images are not shared individually.
fn observe_shared(image: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let is_shared = !is_public(image)? && !is_own(image, origin);
    is_shared.then(|| observe(image, origin)).into_iter().collect()
}

/// Maps public images; some clouds ignore the filter.
fn observe_public(image: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    is_public(image)?.then(|| observe(image, origin)).into_iter().collect()
}

fn is_public(image: &Element) -> Result<bool> {
    Ok(image.read_at(&["isPublic"])?.unwrap_or(false))
}

fn is_own(image: &Element, origin: Origin<'_>) -> bool {
    image.text_at(&["imageOwnerId"]) == Some(origin.account)
}

/// Returns the visibility. An own image counts as private: its launch permissions would cost one more call per image.
fn visibility(image: &Element, origin: Origin<'_>) -> Result<Visibility> {
    Ok(match (is_public(image)?, is_own(image, origin)) {
        (true, _) => Visibility::Public,
        (false, true) => Visibility::Private,
        (false, false) => Visibility::Shared,
    })
}

fn root_disk_gib(image: &Element) -> Result<Option<u64>> {
    let Some(root) = image.text_at(&["rootDeviceName"]) else { return Ok(None) };
    let disk = image.items(&["blockDeviceMapping"]).find(|disk| disk.text_at(&["deviceName"]) == Some(root));
    disk.map_or(Ok(None), |disk| disk.read_at(&["ebs", "volumeSize"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::with_origin;

    const IMAGE: &str = "<item><imageId>ami-1</imageId><imageState>available</imageState><name>base</name>\
        <imageOwnerId>111</imageOwnerId><isPublic>false</isPublic><architecture>arm64</architecture>\
        <platformDetails>Linux/UNIX</platformDetails><rootDeviceType>ebs</rootDeviceType>\
        <rootDeviceName>/dev/xvda</rootDeviceName><creationDate>2024-05-01T10:00:00.000Z</creationDate>\
        <blockDeviceMapping><item><deviceName>/dev/sdb</deviceName><ebs><volumeSize>100</volumeSize></ebs></item>\
        <item><deviceName>/dev/xvda</deviceName><ebs><volumeSize>8</volumeSize></ebs></item></blockDeviceMapping>\
        <tagSet><item><key>Name</key><value>tagged</value></item></tagSet></item>";

    #[test]
    fn image_is_mapped() {
        let observed = with_origin(IMAGE, observe).unwrap();
        assert_eq!((observed.name.as_str(), observed.state), ("base", Some("available")));
        assert_eq!(observed.owner.as_deref(), Some("111"));
        let fields: Image = serde_json::from_value(observed.fields.into()).unwrap();
        assert_eq!((fields.min_disk_gib, fields.disk_format.as_deref()), (Some(8), Some("ebs")));
        assert_eq!(
            (fields.os.as_deref(), fields.architecture.as_deref()),
            (Some("Linux/UNIX"), Some("arm64"))
        );
    }

    #[test]
    fn image_without_name_has_its_name_tag_and_names_keep_spaces() {
        let spaced = with_origin(&IMAGE.replace(">base<", ">base <"), observe).unwrap();
        assert_eq!(spaced.name, "base ");
        let observed = with_origin(&IMAGE.replace("<name>base</name>", ""), observe).unwrap();
        assert_eq!(observed.name, "tagged");
    }

    #[test]
    fn visibility_of_image_follows_owner_and_flag() {
        let of = |owner: &str, public: &str| {
            let text = IMAGE
                .replace("Id>111<", &format!("Id>{owner}<"))
                .replace("lic>false<", &format!("lic>{public}<"));
            with_origin(&text, observe).unwrap().visibility
        };
        assert_eq!(of("111", "false"), Visibility::Private);
        assert_eq!(of("222", "false"), Visibility::Shared);
        assert_eq!(of("222", "true"), Visibility::Public);
        assert_eq!(of("111", "true"), Visibility::Public);
    }
}
