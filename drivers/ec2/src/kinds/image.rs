//! Images.

use gateway_core::Result;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Image, ImageState};

use super::{Origin, name_tag, state_of, tags, time_at};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

const ACTION: &str = "DescribeImages";
const SET: &str = "imagesSet";
const PAGE_SIZE: u32 = 1000;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability { kind: Image::KIND, published: true, own: true, get: true, says_state: true },
    parts: &[
        // A disabled image is still there, and only shown on request. A single read shows any image.
        Part::new(ACTION, SET, Single::Parameter("ImageId"), Map::One(observe))
            .paged(PAGE_SIZE)
            .called("self")
            .narrowed(|form, _| Some(form.with_list("Owner", ["self"]).with("IncludeDisabled", true))),
        Part::new(ACTION, SET, Single::Elsewhere, Map::Many(shared))
            .paged(PAGE_SIZE)
            .called("shared")
            .narrowed(|form, _| Some(form.with_list("ExecutableBy", ["self"]))),
        Part::new(ACTION, SET, Single::Elsewhere, Map::Many(public))
            .paged(PAGE_SIZE)
            .called("public")
            .published()
            .narrowed(|form, options| {
                let owners = &options.public_image_owners;
                let form = (!owners.is_empty()).then(|| form.with_list("Owner", owners))?;
                Some(form.with_filter("is-public", ["true"]))
            }),
    ],
};

/// EC2's words for the state of an image.
pub(crate) const STATES: [(&str, ImageState); 8] = [
    ("pending", ImageState::Pending),
    ("transient", ImageState::Pending),
    ("available", ImageState::Available),
    ("disabled", ImageState::Deactivated),
    ("invalid", ImageState::Error),
    ("failed", ImageState::Error),
    ("error", ImageState::Error),
    ("deregistered", ImageState::Deleted),
];

/// Reads one item of `imagesSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every image has, or is of the wrong type.
pub(crate) fn observe(image: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(image);
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
    let name = owned("name").unwrap_or_else(|| name_tag(&tags));
    let mut observed = Observed::new(image.required(&["imageId"])?, name, &fields, image.to_json())?
        .with_state(state_of(&STATES, word, ImageState::Unknown), word);
    observed.owner = owned("imageOwnerId");
    observed.visibility = visibility(image, origin)?;
    observed.created_at = time_at(image, &["creationDate"])?;
    observed.tags = tags;
    Ok(observed)
}

/// Own ones came with the part before, and public ones are not shared individually.
fn shared(image: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let is_meant = !is_public(image)? && !is_own(image, origin);
    is_meant.then(|| observe(image, origin)).into_iter().collect()
}

/// A cloud may not know the filter.
fn public(image: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    is_public(image)?.then(|| observe(image, origin)).into_iter().collect()
}

fn is_public(image: &Element) -> Result<bool> {
    Ok(image.read_at(&["isPublic"])?.unwrap_or(false))
}

fn is_own(image: &Element, origin: Origin<'_>) -> bool {
    image.text_at(&["imageOwnerId"]) == Some(origin.account)
}

/// With whom we share an image of our own is another call each: it counts as private.
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
    use super::super::testing::with_origin;
    use super::*;

    const IMAGE: &str = "<item><imageId>ami-1</imageId><imageState>available</imageState><name>base</name>\
        <imageOwnerId>111</imageOwnerId><isPublic>false</isPublic><architecture>arm64</architecture>\
        <platformDetails>Linux/UNIX</platformDetails><rootDeviceType>ebs</rootDeviceType>\
        <rootDeviceName>/dev/xvda</rootDeviceName><creationDate>2024-05-01T10:00:00.000Z</creationDate>\
        <blockDeviceMapping><item><deviceName>/dev/sdb</deviceName><ebs><volumeSize>100</volumeSize></ebs></item>\
        <item><deviceName>/dev/xvda</deviceName><ebs><volumeSize>8</volumeSize></ebs></item></blockDeviceMapping>\
        <tagSet><item><key>Name</key><value>tagged</value></item></tagSet></item>";

    #[test]
    fn fields_come_from_the_document() {
        let seen = with_origin(IMAGE, observe).unwrap();
        assert_eq!((seen.name.as_str(), seen.state), ("base", Some("available")));
        assert_eq!(seen.owner.as_deref(), Some("111"));
        let fields: Image = serde_json::from_value(seen.fields.into()).unwrap();
        assert_eq!((fields.min_disk_gib, fields.disk_format.as_deref()), (Some(8), Some("ebs")));
        assert_eq!(
            (fields.os.as_deref(), fields.architecture.as_deref()),
            (Some("Linux/UNIX"), Some("arm64"))
        );
    }

    #[test]
    fn a_nameless_image_is_called_by_its_tag_and_a_name_keeps_its_spaces() {
        let spaced = with_origin(&IMAGE.replace(">base<", ">base <"), observe).unwrap();
        assert_eq!(spaced.name, "base ");
        let seen = with_origin(&IMAGE.replace("<name>base</name>", ""), observe).unwrap();
        assert_eq!(seen.name, "tagged");
    }

    #[test]
    fn visibility_follows_owner_and_flag() {
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
