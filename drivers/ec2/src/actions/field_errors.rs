//! The field errors of a command, collected rule by rule.

use std::collections::BTreeMap;

use gateway_core::Result;
use gateway_core::driver::Step;
use gateway_core::kind::{Command, FieldError, Update};
use serde_json::{Map, Value};

use super::cloud_options::{escape, merge};
use crate::form::Form;
use crate::tags::{NAME_KEY, Naming, is_of_cloud, is_of_gateway};

/// Tags of one resource. EC2 accepts 50, and two are the name and the marker.
const MOST_TAGS: usize = 48;

/// The field errors of one command.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Returns the errors in the order of the rules.
    pub(crate) fn into_list(self) -> Vec<FieldError> {
        self.0
    }

    /// Adds an error unless a rule is satisfied.
    pub(crate) fn require(mut self, is_satisfied: bool, pointer: &str, detail: &str) -> Self {
        if !is_satisfied {
            self.0.push(FieldError::new(pointer, detail));
        }
        self
    }

    /// Refuses the description of a kind that has none at EC2.
    pub(crate) fn no_description(self, description: Option<&String>) -> Self {
        let is_empty = description.is_none_or(String::is_empty);
        self.require(is_empty, "/description", "is not supported for this kind at this cloud; use a tag")
    }

    /// Checks options against the form that the command becomes. Without a form, because what the command names was not
    /// looked up yet, they are checked when the step is executed.
    pub(crate) fn options(mut self, form: Result<Form>, options: &Map<String, Value>) -> Self {
        if let Ok(form) = form {
            self.0.extend(merge(form, options).err().unwrap_or_default());
        }
        self
    }

    /// Checks the tags of a create.
    pub(crate) fn tags(self, tags: &BTreeMap<String, String>, naming: Naming<'_>) -> Self {
        self.tags_over(tags, naming, &Map::new())
    }

    /// Checks name and tags of an update. `has_name_tag` is false for kinds whose name cannot change.
    pub(crate) fn update(self, step: &Step<'_>, has_name_tag: bool) -> Self {
        let Command::Update(Update { name, description: _, tags }) = step.command else { return self };
        let errors = self.require(
            has_name_tag || name.is_none(),
            "/name",
            "cannot be changed for this kind at this cloud",
        );
        let naming = name.as_deref().filter(|_| has_name_tag).map_or(Naming::Own, Naming::Tag);
        errors.changed_tags(step, tags.as_ref(), naming)
    }

    /// Checks the new tags of the target. Tags of the cloud may be sent back as they are.
    pub(crate) fn changed_tags(
        self,
        step: &Step<'_>,
        tags: Option<&BTreeMap<String, String>>,
        naming: Naming<'_>,
    ) -> Self {
        let none = Map::new();
        let current =
            step.target.and_then(|target| target.document.get("tags")?.as_object()).unwrap_or(&none);
        match tags {
            Some(tags) => self.tags_over(tags, naming, current),
            None => self,
        }
    }

    fn tags_over(
        mut self,
        tags: &BTreeMap<String, String>,
        naming: Naming<'_>,
        current: &Map<String, Value>,
    ) -> Self {
        self = self.require(
            tags.len() <= MOST_TAGS,
            "/tags",
            "must be at most 48; the cloud accepts 50, including the name and the gateway's own tag",
        );
        for (key, value) in tags {
            let pointer = format!("/tags/{}", escape(key));
            let is_same = current.get(key).and_then(Value::as_str) == Some(value);
            let is_name = match naming {
                Naming::Tag(name) => key != NAME_KEY || value == name,
                Naming::Own => true,
            };
            self = self
                .require(is_same || !is_of_cloud(key), &pointer, "has a prefix that only the cloud may use")
                .require(!is_of_gateway(key), &pointer, "is set by the gateway")
                .require(is_name, &pointer, "must equal `name`, which is stored in this tag");
        }
        self
    }
}
