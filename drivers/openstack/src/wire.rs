//! The services' documents, one file per kind: what they say, in canonical form.

pub(crate) mod attachment;
pub(crate) mod flavor;
pub(crate) mod floating_ip;
pub(crate) mod image;
pub(crate) mod keypair;
pub(crate) mod network;
pub(crate) mod neutron;
pub(crate) mod port;
pub(crate) mod quota;
pub(crate) mod router;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod subnet;
pub(crate) mod volume;
pub(crate) mod volume_type;
pub(crate) mod zone;

#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;

use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::kind::{Kind, Reference};
use gateway_core::marker::{MARKER_KEY, Marker};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::auth::Account;
use crate::catalog::Service;
use crate::flavor_ids::Ids;
use crate::router_ports::Ports;

/// What a document is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) region: &'a Region,
    /// Whose documents they are.
    pub(crate) account: &'a Account,
    /// Who sent them.
    pub(crate) service: Service,
    /// Ids of flavors by name.
    pub(crate) flavor_ids: &'a Ids,
    /// Ends of routers.
    pub(crate) router_ports: &'a Ports,
}

impl View<'_> {
    /// Another resource of the same region, by its id, which is its native key.
    pub(crate) fn reference(&self, kind: Kind, external_id: &str) -> Reference {
        Reference {
            id: Some(self.cloud.resource_id(self.region, kind, external_id)),
            external_id: Some(external_id.to_owned()),
            name: None,
        }
    }
}

/// Reads a document's known fields and leaves the document whole.
pub(crate) fn read<T: DeserializeOwned>(what: &'static str, document: &Value) -> Result<T> {
    T::deserialize(document).map_err(|error| {
        let id = document["id"].as_str().unwrap_or("without id");
        let message = format!("the cloud's document of {what} {id} is not of the known form");
        Error::new(ErrorKind::WrongDocument, message).with_source(error)
    })
}

/// Metadata and tags together; metadata wins where both have a name.
pub(crate) fn tags(metadata: BTreeMap<String, Value>, tags: Vec<String>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = tags.into_iter().map(|tag| (tag, String::new())).collect();
    all.extend(metadata.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    }));
    all
}

/// Takes the gateway's own entry out of tags: what an operation left on what it made.
pub(crate) fn take_marker(tags: &mut BTreeMap<String, String>) -> Option<Marker> {
    tags.remove(MARKER_KEY).and_then(|text| Marker::parse(&text))
}

/// Whether a document says that it is the account's project's.
pub(crate) fn belongs_to(document: &Value, account: &Account) -> bool {
    let project = document["project_id"].as_str().or_else(|| document["tenant_id"].as_str());
    project == Some(account.project_id.as_str())
}

/// A text, unless it is empty: these APIs use both null and "" for nothing.
pub(crate) fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
