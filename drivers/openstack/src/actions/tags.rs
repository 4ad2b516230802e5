//! Tags in the form of each service: metadata of Nova and Cinder, tags of Nova and Glance.

use std::collections::BTreeMap;

use gateway_core::error::{Error, Result};
use gateway_core::kind::FieldError;
use gateway_core::marker::MARKER_KEY;

use super::action::Action;
use super::cloud_options::pointer;
use crate::service::Service;

/// The longest tag of a server, in characters.
const LONGEST_TAG: usize = 60;

/// Returns tags as metadata, with a marker.
pub(super) fn metadata(tags: &BTreeMap<String, String>, marker: Option<&str>) -> BTreeMap<String, String> {
    let marker = marker.map(|marker| (MARKER_KEY.to_owned(), marker.to_owned()));
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).chain(marker).collect()
}

/// Returns the metadata and the tags of a server: Nova keeps a tag without value as a tag.
pub(super) fn for_server(
    tags: &BTreeMap<String, String>,
    marker: Option<&str>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let (bare, valued): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tags.clone().into_iter().partition(|(_, value)| value.is_empty());
    (metadata(&valued, marker), bare.into_keys().collect())
}

/// Returns faults for tags that Nova accepts neither as metadata nor as a tag.
pub(super) fn validate_for_server(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let detail = |key: &str, value: &str| {
        if value.is_empty() {
            let is_valid = key.chars().count() <= LONGEST_TAG && !key.contains(['/', ',']);
            (!is_valid)
                .then_some("a tag without value must have at most 60 characters, without slash and comma")
        } else {
            let is_valid = key.chars().all(|c| c.is_ascii_alphanumeric() || "-_:. ".contains(c));
            (!is_valid).then_some("the key must consist of letters, digits, spaces and `-_:.`")
        }
    };
    faults(tags, detail)
}

/// Returns faults for tags that Cinder does not accept as metadata.
pub(super) fn validate_for_volume(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let is_valid = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "-_:. /".contains(c));
    let detail = "the key must consist of letters, digits, spaces and `-_:./`";
    faults(tags, |key, _| (!is_valid(key)).then_some(detail))
}

/// Returns faults for tags with a value, which Glance does not have.
pub(super) fn validate_for_image(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let detail = "must have no value: tags of images have none in this type of cloud";
    faults(tags, |_, value| (!value.is_empty()).then_some(detail))
}

fn faults(
    tags: &BTreeMap<String, String>,
    detail: impl Fn(&str, &str) -> Option<&'static str>,
) -> Vec<FieldError> {
    let faults =
        tags.iter().map(|(key, value)| Some(FieldError::new(pointer(&["tags", key]), detail(key, value)?)));
    faults.flatten().collect()
}

/// Reads the marker in metadata that is about to be replaced, so that it is kept.
pub(super) async fn current_marker(
    action: &Action<'_>,
    service: Service,
    path: &[&str],
    key: &str,
) -> Result<Option<String>> {
    // Not the metadata alone: Cinder answers that as HTML.
    let document = action.scope.read(service, path, &[], Some(key)).await;
    Ok(document.map_err(Error::untouched)?["metadata"][MARKER_KEY].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags<const N: usize>(tags: [(&str, &str); N]) -> BTreeMap<String, String> {
        tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn tag_without_value_is_a_tag_of_nova_and_marker_is_metadata() {
        let (valued, bare) = for_server(&tags([("blue", ""), ("tier", "front")]), Some("gw-1"));
        assert_eq!(valued, tags([("gateway-operation", "gw-1"), ("tier", "front")]));
        assert_eq!(bare, ["blue"]);
        assert_eq!(metadata(&tags([("blue", "")]), None), tags([("blue", "")]));
    }

    #[test]
    fn each_service_has_its_own_rules_for_tags() {
        let pointers =
            |faults: Vec<FieldError>| faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
        let odd = tags([("a/b", "x"), ("c/d", ""), ("é", "x"), ("ü", ""), ("fine", "x")]);
        assert_eq!(pointers(validate_for_server(&odd)), ["/tags/a~1b", "/tags/c~1d", "/tags/é"]);
        assert_eq!(pointers(validate_for_volume(&odd)), ["/tags/é", "/tags/ü"]);
        assert_eq!(pointers(validate_for_image(&odd)), ["/tags/a~1b", "/tags/fine", "/tags/é"]);
    }
}
