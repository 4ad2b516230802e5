//! Tags of what is made and changed, with the gateway's own among them.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::Step;
use gateway_core::marker::{MARKER_KEY, Marker};

use super::{Act, done, touched_target};
use crate::form::Form;
use crate::xml::Element;

/// Key of the tag on an internet gateway that names the route table for which the gateway made it.
pub(crate) const ROUTER_KEY: &str = "gateway-router";

/// EC2's users name things by this tag.
const NAME: &str = "Name";

/// Where the name of a resource is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Naming<'a> {
    /// In the tag, as this.
    Tag(&'a str),
    /// In a field of its own, or nowhere: the tag is one like others.
    Own,
}

/// A tag that readers see nothing of.
pub(crate) fn is_gateways_own(key: &str) -> bool {
    key == MARKER_KEY || key == ROUTER_KEY
}

/// A tag that the cloud alone sets.
pub(crate) fn is_clouds_own(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// Takes the gateway's own tags off what readers see. What is no marker is somebody else's tag.
pub(crate) fn take_marker(observed: &mut Observed) {
    observed.tags.remove(ROUTER_KEY);
    if let Some(marker) = observed.tags.get(MARKER_KEY).and_then(|text| Marker::parse(text)) {
        observed.tags.remove(MARKER_KEY);
        observed.marker = Some(marker);
    }
}

/// The tags of what a step makes, in the form that makes it: it never exists without its marker.
pub(crate) fn tagged(
    form: Form,
    resource: &str,
    step: &Step<'_>,
    tags: &BTreeMap<String, String>,
    naming: Naming<'_>,
) -> Form {
    let mut tags = tags.clone();
    match naming {
        Naming::Tag("") | Naming::Own => {}
        Naming::Tag(name) => drop(tags.insert(NAME.to_owned(), name.to_owned())),
    }
    tags.insert(MARKER_KEY.to_owned(), step.marker.to_string());
    with_tags(form.with("TagSpecification.1.ResourceType", resource), "TagSpecification.1.Tag", &tags)
}

/// Adds tags as a list of that name.
pub(crate) fn with_tags(form: Form, list: &str, tags: &BTreeMap<String, String>) -> Form {
    tags.iter().enumerate().fold(form, |form, (at, (key, value))| {
        let tag = format!("{list}.{}", at + 1);
        form.with(format!("{tag}.Key"), key).with(format!("{tag}.Value"), value)
    })
}

/// What has to be done for tags to be as they are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Keys to take away.
    pub(crate) gone: Vec<String>,
    /// Tags to set.
    pub(crate) set: BTreeMap<String, String>,
}

impl Difference {
    /// From all that is there to all that is wanted. The cloud's own and the gateway's own stay, and a name that is kept
    /// in its tag goes with a new name alone.
    pub(crate) fn between(
        has: &BTreeMap<String, String>,
        wanted: &BTreeMap<String, String>,
        by_tag: bool,
    ) -> Self {
        let stays = |key: &str| is_gateways_own(key) || is_clouds_own(key) || (by_tag && key == NAME);
        let gone = has.keys().filter(|key| !wanted.contains_key(*key) && !stays(key)).cloned().collect();
        let is_new = |(key, value): &(&String, &String)| has.get(*key) != Some(value) && !is_clouds_own(key);
        let set = wanted.iter().filter(is_new).map(|(key, value)| (key.clone(), value.clone())).collect();
        Self { gone, set }
    }
}

/// Changes name and tags of the target: what is not given stays.
///
/// # Errors
/// What the cloud answered.
pub(crate) async fn retag(
    act: &Act<'_>,
    name: Option<&String>,
    tags: Option<&BTreeMap<String, String>>,
    by_tag: bool,
) -> Result<Option<Element>> {
    let key = act.target_key()?;
    let mut wanted = tags.cloned().unwrap_or_default();
    if let Some(name) = name.filter(|_| by_tag) {
        wanted.insert(NAME.to_owned(), name.clone());
    }
    let difference = match tags {
        Some(_) => Difference::between(&current(act, key).await?, &wanted, by_tag),
        None => Difference { gone: Vec::new(), set: wanted },
    };
    let mut last = None;
    // First what goes: the cloud counts.
    if !difference.gone.is_empty() {
        let form = Form::new("DeleteTags").with("ResourceId.1", key);
        let keys = difference.gone.iter().enumerate();
        let form = keys.fold(form, |form, (at, key)| form.with(format!("Tag.{}.Key", at + 1), key));
        last = Some(act.write(form).await?);
    }
    if !difference.set.is_empty() {
        let form = Form::new("CreateTags").with("ResourceId.1", key);
        let set = act.write(with_tags(form, "Tag", &difference.set)).await;
        last = Some(set.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    Ok(last)
}

/// All tags of a resource as the cloud has them now.
async fn current(act: &Act<'_>, key: &str) -> Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    // No resource has more tags than one page holds.
    let answer = act.read(Form::new("DescribeTags").with_filter("resource-id", [key])).await?;
    for tag in answer.items(&["tagSet"]) {
        let value = tag.child("value").map(|value| value.text.clone()).unwrap_or_default();
        tags.insert(tag.required(&["key"])?.to_owned(), value);
    }
    Ok(tags)
}

/// The end of an update, which may have had nothing to do.
///
/// # Errors
/// Internal, without a target.
pub(crate) fn updated(act: &Act<'_>, last: Option<Element>) -> Result<gateway_core::driver::Done> {
    Ok(done(&last.unwrap_or_default(), vec![touched_target(act)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_gateways_the_clouds_and_the_name_stay() {
        let has = tags(&[
            ("Name", "a"),
            ("aws:x", "1"),
            (MARKER_KEY, "gw-"),
            (ROUTER_KEY, "rtb-1"),
            ("old", "1"),
            ("same", "1"),
            ("changed", "1"),
        ]);
        let wanted = tags(&[("same", "1"), ("changed", "2"), ("new", ""), ("aws:x", "1")]);
        let difference = Difference::between(&has, &wanted, true);
        assert_eq!(
            difference,
            Difference { gone: vec!["old".to_owned()], set: tags(&[("changed", "2"), ("new", "")]) }
        );
        let difference = Difference::between(&has, &wanted, false);
        assert_eq!(difference.gone, ["Name", "old"], "there it is a tag like others");
    }

    #[test]
    fn what_the_cloud_calls_its_own_is_known_in_any_spelling() {
        assert!(is_clouds_own("aws:cloudformation:stack") && is_clouds_own("AWS:x"));
        assert!(!is_clouds_own("aws") && !is_clouds_own("äaws:"));
    }
}
