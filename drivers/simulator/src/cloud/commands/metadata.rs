//! The metadata of records: name, description and labels.

use std::collections::BTreeMap;

use gateway_core::{Kind, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::TableKey;

/// Longest name, in characters.
const MAX_NAME: usize = 255;

/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 255;

/// Most labels of a record.
const MAX_LABELS: usize = 64;

/// Metadata of a new record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    description: String,
    labels: BTreeMap<String, String>,
}

/// Update of metadata; absent members stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetadataUpdate {
    name: Option<String>,
    description: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

/// Removes the metadata from the members of a body and returns it.
fn take_members(request: &mut Map<String, Value>) -> Map<String, Value> {
    let metadata = ["name", "description", "labels"].into_iter();
    metadata.filter_map(|word| Some((word.to_owned(), request.remove(word)?))).collect()
}

impl Metadata {
    /// Takes the metadata from a body and checks it before anything is created.
    pub(crate) fn take(request: &mut Map<String, Value>) -> Result<Self, Refusal> {
        let metadata: Self = parse(take_members(request))?;
        metadata.clone().into_update().check()?;
        Ok(metadata)
    }

    /// Returns the name; refuses an empty one if the kind requires a name.
    pub(crate) fn required_name(&self, kind: Kind) -> Result<String, Refusal> {
        match self.name.is_empty() && kind.needs_name() {
            true => Err(Refusal::invalid("`name` is required")),
            false => Ok(self.name.clone()),
        }
    }

    /// Inserts a new record with the metadata and returns its number.
    pub(crate) fn insert(
        self,
        tables: &mut Tables,
        table: TableKey,
        status: Status,
        body: Body,
        now: Timestamp,
    ) -> Result<u64, Refusal> {
        let name = self.required_name(table.kind)?;
        let mut record = Record::new(name, status, now, body);
        self.into_update().write(&mut record)?;
        Ok(tables.create(table, record))
    }

    fn into_update(self) -> MetadataUpdate {
        MetadataUpdate {
            name: Some(self.name),
            description: Some(self.description),
            labels: Some(self.labels),
        }
    }
}

impl MetadataUpdate {
    pub(crate) fn take(request: &mut Map<String, Value>) -> Result<Self, Refusal> {
        parse(take_members(request))
    }

    /// Checks the lengths and the number of labels.
    fn check(&self) -> Result<(), Refusal> {
        let is_long =
            |text: &Option<String>, limit| text.as_ref().is_some_and(|text| text.chars().count() > limit);
        if is_long(&self.name, MAX_NAME) || is_long(&self.description, MAX_DESCRIPTION) {
            return Err(Refusal::invalid("`name` or `description` is longer than 255 characters"));
        }
        if self.labels.as_ref().is_some_and(|labels| labels.len() > MAX_LABELS) {
            return Err(Refusal::invalid(format!("`labels` has more than {MAX_LABELS} members")));
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_none() && self.description.is_none() && self.labels.is_none()
    }

    pub(crate) fn write(self, record: &mut Record) -> Result<(), Refusal> {
        self.check()?;
        if let Some(name) = self.name {
            record.name = name;
        }
        if let Some(description) = self.description {
            record.description = description.into();
        }
        if let Some(labels) = self.labels {
            record.labels = labels;
        }
        Ok(())
    }
}
