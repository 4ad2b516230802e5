//! What an owner writes about anything: its name, words about it, labels.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::Refusal;
use super::super::body::Record;
use super::super::sort::Sort;
use super::form;

/// Longest name.
const LONGEST_NAME: usize = 255;

/// Longest words about something.
const LONGEST_ABOUT: usize = 255;

/// Most labels of one resource.
const MOST_LABELS: usize = 64;

/// What is written about something new.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct Words {
    pub(in super::super) name: String,
    about: String,
    labels: BTreeMap<String, String>,
}

/// What is written anew; what is not given stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NewWords {
    name: Option<String>,
    about: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

/// Takes the words out of a body, and leaves what is of its sort alone.
fn taken(wanted: &mut Map<String, Value>) -> Map<String, Value> {
    let words = ["name", "about", "labels"].into_iter();
    words.filter_map(|word| Some((word.to_owned(), wanted.remove(word)?))).collect()
}

impl Words {
    pub(in super::super) fn take(wanted: &mut Map<String, Value>) -> Result<Self, Refusal> {
        form(taken(wanted))
    }

    /// The name, where there must be one.
    pub(super) fn name_of_new(&self, sort: Sort) -> Result<String, Refusal> {
        match self.name.is_empty() && sort.needs_name() {
            true => Err(Refusal::invalid("it needs a name")),
            false => Ok(self.name.clone()),
        }
    }

    pub(super) fn write(self, record: &mut Record) -> Result<(), Refusal> {
        let words = NewWords { name: Some(self.name), about: Some(self.about), labels: Some(self.labels) };
        words.write(record)
    }
}

impl NewWords {
    pub(super) fn take(wanted: &mut Map<String, Value>) -> Result<Self, Refusal> {
        form(taken(wanted))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.name.is_none() && self.about.is_none() && self.labels.is_none()
    }

    pub(super) fn write(self, record: &mut Record) -> Result<(), Refusal> {
        let is_long =
            |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
        if is_long(&self.name, LONGEST_NAME) || is_long(&self.about, LONGEST_ABOUT) {
            return Err(Refusal::invalid("a name or what is said about it is too long"));
        }
        if self.labels.as_ref().is_some_and(|labels| labels.len() > MOST_LABELS) {
            return Err(Refusal::invalid(format!("it may have {MOST_LABELS} labels")));
        }
        if let Some(name) = self.name {
            record.name = name;
        }
        if let Some(about) = self.about {
            record.about = about.into();
        }
        if let Some(labels) = self.labels {
            record.labels = labels;
        }
        Ok(())
    }
}
