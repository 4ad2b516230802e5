//! Tags of resources that a step creates or updates.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::kind::Update;
use gateway_core::marker::MARKER_KEY;

use super::action::{Action, done};
use crate::form::Form;
use crate::tags::{self, NAME_KEY, Naming, is_of_cloud, is_of_gateway};
use crate::xml::Element;

/// Adds the tags of a new resource to the form that creates it, so that it never exists without its marker.
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
        Naming::Tag(name) => drop(tags.insert(NAME_KEY.to_owned(), name.to_owned())),
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

/// The difference between current and wanted tags.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    /// Keys to remove.
    remove: Vec<String>,
    /// Tags to set.
    set: BTreeMap<String, String>,
}

impl Difference {
    /// Compares all current tags with all wanted ones. Tags of the cloud and of the gateway stay. A name that is a tag is
    /// never removed.
    fn between(
        current: &BTreeMap<String, String>,
        wanted: &BTreeMap<String, String>,
        has_name_tag: bool,
    ) -> Self {
        let stays = |key: &str| is_of_gateway(key) || is_of_cloud(key) || (has_name_tag && key == NAME_KEY);
        let remove =
            current.keys().filter(|key| !wanted.contains_key(*key) && !stays(key)).cloned().collect();
        let is_new =
            |(key, value): &(&String, &String)| current.get(*key) != Some(value) && !is_of_cloud(key);
        let set = wanted.iter().filter(is_new).map(|(key, value)| (key.clone(), value.clone())).collect();
        Self { remove, set }
    }
}

/// Changes name and tags of the target; those that are not given stay. Returns the last answer, if there was anything
/// to change.
///
/// # Errors
/// The cloud's error.
pub(crate) async fn retag(
    action: &Action<'_>,
    name: Option<&String>,
    tags: Option<&BTreeMap<String, String>>,
    has_name_tag: bool,
) -> Result<Option<Element>> {
    let key = action.target_key()?;
    let mut wanted = tags.cloned().unwrap_or_default();
    if let Some(name) = name.filter(|_| has_name_tag) {
        wanted.insert(NAME_KEY.to_owned(), name.clone());
    }
    let difference = match tags {
        Some(_) => Difference::between(&read_current(action, key).await?, &wanted, has_name_tag),
        None => Difference { remove: Vec::new(), set: wanted },
    };
    let mut last = None;
    // Removals come first, because the cloud limits the number of tags.
    if !difference.remove.is_empty() {
        let form = Form::new("DeleteTags").with("ResourceId.1", key);
        let keys = difference.remove.iter().enumerate();
        let form = keys.fold(form, |form, (at, key)| form.with(format!("Tag.{}.Key", at + 1), key));
        last = Some(action.write(form).await?);
    }
    if !difference.set.is_empty() {
        let form = Form::new("CreateTags").with("ResourceId.1", key);
        let set = action.write(with_tags(form, "Tag", &difference.set)).await;
        last = Some(set.map_err(|error| error.after_a_part(last.is_some()))?);
    }
    Ok(last)
}

/// Reads all tags that a resource has now.
async fn read_current(action: &Action<'_>, key: &str) -> Result<BTreeMap<String, String>> {
    let mut current = BTreeMap::new();
    // All tags of a resource fit in one page.
    let answer = action.read(Form::new("DescribeTags").with_filter("resource-id", [key])).await?;
    for tag in answer.items(&["tagSet"]) {
        current.insert(tag.required(&["key"])?.to_owned(), tags::value(tag));
    }
    Ok(current)
}

/// Updates name and tags of a target whose name is a tag.
///
/// # Errors
/// The cloud's error.
pub(crate) async fn update(action: &Action<'_>, command: &Update) -> Result<Done> {
    updated(action, retag(action, command.name.as_ref(), command.tags.as_ref(), true).await?)
}

/// Returns the outcome of an update, which may have had nothing to change.
///
/// # Errors
/// Internal, without a target.
pub(crate) fn updated(action: &Action<'_>, last: Option<Element>) -> Result<Done> {
    Ok(done(&last.unwrap_or_default(), vec![action.touched_target()?]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::ROUTER_KEY;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_of_gateway_and_cloud_and_the_name_stay() {
        let current = tags(&[
            ("Name", "a"),
            ("aws:x", "1"),
            (MARKER_KEY, "gw-"),
            (ROUTER_KEY, "rtb-1"),
            ("old", "1"),
            ("same", "1"),
            ("changed", "1"),
        ]);
        let wanted = tags(&[("same", "1"), ("changed", "2"), ("new", ""), ("aws:x", "1")]);
        let difference = Difference::between(&current, &wanted, true);
        assert_eq!(
            difference,
            Difference { remove: vec!["old".to_owned()], set: tags(&[("changed", "2"), ("new", "")]) }
        );
        let difference = Difference::between(&current, &wanted, false);
        assert_eq!(difference.remove, ["Name", "old"], "without a name tag, `Name` is like any other");
    }
}
