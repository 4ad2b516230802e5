//! What an order may not say to EC2, collected place by place.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::kind::{Command, FieldError, Update};
use serde_json::{Map, Value};

use super::cloud_options::merge;
use super::tagging::{Naming, is_clouds_own, is_gateways_own};
use crate::form::Form;

/// EC2 takes 50 tags, and two are the name and the marker.
const MOST_TAGS: usize = 48;

/// Collects faults.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    pub(crate) fn into_list(self) -> Vec<FieldError> {
        self.0
    }

    pub(crate) fn unless(mut self, fine: bool, pointer: &str, detail: &str) -> Self {
        if !fine {
            self.0.push(FieldError::new(pointer, detail));
        }
        self
    }

    /// A description, of what has none at EC2.
    pub(crate) fn no_description(self, description: Option<&String>) -> Self {
        let fine = description.is_none_or(String::is_empty);
        self.unless(fine, "/description", "this type of cloud keeps no description of these: use a tag")
    }

    /// Options that meet what the order itself becomes. What an order names may not be looked up yet: then the
    /// step tells later.
    pub(crate) fn options(mut self, form: Result<Form>, options: &Map<String, Value>) -> Self {
        if let Ok(form) = form {
            self.0.extend(merge(form, options).err().unwrap_or_default());
        }
        self
    }

    /// Tags of what is made.
    pub(crate) fn tags(self, tags: &BTreeMap<String, String>, naming: Naming<'_>) -> Self {
        self.tags_beside(tags, naming, &Map::new())
    }

    /// New tags and a new name of what is there.
    pub(crate) fn update(self, step: &Step<'_>, by_tag: bool) -> Self {
        let Command::Update(Update { name, description: _, tags }) = step.command else { return self };
        let faults = self.unless(
            by_tag || name.is_none(),
            "/name",
            "the name of these is for good at this type of cloud",
        );
        let naming = name.as_deref().filter(|_| by_tag).map_or(Naming::Own, Naming::Tag);
        let nothing = Map::new();
        let has = step.target.and_then(|target| target.document.get("tags")?.as_object()).unwrap_or(&nothing);
        tags.iter().fold(faults, |faults, tags| faults.tags_beside(tags, naming, has))
    }

    /// What the cloud set itself may be sent back as it is.
    pub(crate) fn tags_beside(
        mut self,
        tags: &BTreeMap<String, String>,
        naming: Naming<'_>,
        has: &Map<String, Value>,
    ) -> Self {
        self = self.unless(
            tags.len() <= MOST_TAGS,
            "/tags",
            "must be 48 at most: the cloud takes 50, with the name and the gateway's own",
        );
        for (key, value) in tags {
            let pointer = format!("/tags/{}", escape(key));
            let is_same = has.get(key).and_then(Value::as_str) == Some(value);
            let is_name = match naming {
                Naming::Tag(name) => key != "Name" || value == name,
                Naming::Own => true,
            };
            self = self
                .unless(is_same || !is_clouds_own(key), &pointer, "begins as the cloud's own do")
                .unless(!is_gateways_own(key), &pointer, "is the gateway's own")
                .unless(is_name, &pointer, "must be the same as `name`, of which it is the place");
        }
        self
    }
}

/// A member's name as part of a JSON pointer.
pub(crate) fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}
