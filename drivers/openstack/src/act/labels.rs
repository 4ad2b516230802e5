//! Tags, as each service has a place for them.

use std::collections::BTreeMap;

use gateway_core::error::{Error, Result};
use gateway_core::kind::FieldError;
use gateway_core::marker::MARKER_KEY;

use super::Act;
use crate::catalog::Service;
use crate::options::pointer;
use crate::paging;

/// Longest tag of a server.
const LONGEST_TAG: usize = 60;

/// The metadata of what has nothing else for tags, with a marker.
pub(super) fn metadata(tags: &BTreeMap<String, String>, marker: Option<&str>) -> BTreeMap<String, String> {
    let marker = marker.map(|marker| (MARKER_KEY.to_owned(), marker.to_owned()));
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).chain(marker).collect()
}

/// Metadata and tags of a server: a tag without value is a tag to Nova too.
pub(super) fn of_server(
    tags: &BTreeMap<String, String>,
    marker: Option<&str>,
) -> (BTreeMap<String, String>, Vec<String>) {
    let (bare, valued): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tags.clone().into_iter().partition(|(_, value)| value.is_empty());
    (metadata(&valued, marker), bare.into_keys().collect())
}

/// Faults for what is neither metadata nor a tag to Nova.
pub(super) fn of_server_faults(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let detail = |key: &str, value: &str| {
        if value.is_empty() {
            let fine = key.chars().count() <= LONGEST_TAG && !key.contains(['/', ',']);
            (!fine)
                .then_some("without a value, must be 60 characters at most, no slash and no comma among them")
        } else {
            let fine = key.chars().all(|c| c.is_ascii_alphanumeric() || "-_:. ".contains(c));
            (!fine).then_some("must have a key of letters, digits, spaces and `-_:.` alone")
        }
    };
    faults(tags, detail)
}

/// Faults for what is no metadata to Cinder.
pub(super) fn of_volume_faults(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let fine = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "-_:. /".contains(c));
    let detail = "must have a key of letters, digits, spaces and `-_:./` alone";
    faults(tags, |key, _| (!fine(key)).then_some(detail))
}

/// Faults for tags that are more than a word to Glance.
pub(super) fn of_image_faults(tags: &BTreeMap<String, String>) -> Vec<FieldError> {
    let detail = "must have no value: images of this type of cloud have words for tags";
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

/// The marker in metadata that is about to be replaced: whatever is there stays.
pub(super) async fn kept(
    act: &Act<'_>,
    service: Service,
    path: &[&str],
    around: &str,
) -> Result<Option<String>> {
    // Not the metadata alone: what Cinder answers then says that it is a page.
    let answer = act.asker.connection.read(act.asker.region, service, path, &[]).await;
    let document = answer.and_then(|answer| paging::read_one(&answer, Some(around)));
    Ok(document.map_err(Error::untouched)?["metadata"][MARKER_KEY].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags<const N: usize>(tags: [(&str, &str); N]) -> BTreeMap<String, String> {
        tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_tag_without_value_is_a_tag_to_nova_and_the_marker_is_metadata() {
        let (valued, bare) = of_server(&tags([("blue", ""), ("tier", "front")]), Some("gw-1"));
        assert_eq!(valued, tags([("gateway-operation", "gw-1"), ("tier", "front")]));
        assert_eq!(bare, ["blue"]);
        assert_eq!(metadata(&tags([("blue", "")]), None), tags([("blue", "")]));
    }

    #[test]
    fn each_service_has_its_own_words_for_tags() {
        let places =
            |faults: Vec<FieldError>| faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
        let odd = tags([("a/b", "x"), ("c/d", ""), ("é", "x"), ("ü", ""), ("fine", "x")]);
        assert_eq!(places(of_server_faults(&odd)), ["/tags/a~1b", "/tags/c~1d", "/tags/é"]);
        assert_eq!(places(of_volume_faults(&odd)), ["/tags/é", "/tags/ü"]);
        assert_eq!(places(of_image_faults(&odd)), ["/tags/a~1b", "/tags/fine", "/tags/é"]);
    }
}
