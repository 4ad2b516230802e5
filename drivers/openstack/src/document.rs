//! Documents of the services: the context of their mapping, and the reading of common members.

use std::collections::BTreeMap;

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::kind::{Kind, Reference};
use gateway_core::marker::{MARKER_KEY, Marker};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::auth::Account;
use crate::related::RelatedDocuments;
use crate::service::Service;

/// The context in which a document is mapped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) region: &'a Region,
    /// The account that the document was read for.
    pub(crate) account: &'a Account,
    /// The service that sent it.
    pub(crate) service: Service,
    /// The related documents.
    pub(crate) related: &'a RelatedDocuments,
}

impl View<'_> {
    /// Returns a reference to another resource of the region, whose native key is its id.
    pub(crate) fn reference(&self, kind: Kind, external_id: &str) -> Reference {
        Reference {
            id: Some(self.cloud.resource_id(self.region, kind, external_id)),
            external_id: Some(external_id.to_owned()),
            name: None,
        }
    }
}

/// Parses the known members of a document.
pub(crate) fn read<T: DeserializeOwned>(name: &'static str, document: &Value) -> Result<T> {
    T::deserialize(document).map_err(|error| {
        let id = document["id"].as_str().unwrap_or_default();
        let message = format!("the cloud's document of {name} `{id}` has an unexpected form");
        Error::new(ErrorKind::WrongDocument, message).with_source(error)
    })
}

/// Merges metadata and tags; metadata wins if both have a name.
pub(crate) fn tags(metadata: BTreeMap<String, Value>, tags: Vec<String>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = tags.into_iter().map(|tag| (tag, String::new())).collect();
    all.extend(metadata.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    }));
    all
}

/// Removes the marker of an operation from tags, and returns it.
pub(crate) fn take_marker(tags: &mut BTreeMap<String, String>) -> Option<Marker> {
    tags.remove(MARKER_KEY).and_then(|text| Marker::parse(&text))
}

/// Tells whether a document names the account's project as its owner.
pub(crate) fn belongs_to(document: &Value, account: &Account) -> bool {
    let project = document["project_id"].as_str().or_else(|| document["tenant_id"].as_str());
    project == Some(account.project_id.as_str())
}

/// Drops an empty text: these APIs use both null and "" for a missing value.
pub(crate) fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
