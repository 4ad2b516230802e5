//! Observations: a resource as a driver saw it, in canonical form and as the cloud sent it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::kind::{Canonical, Kind, State, Verb, VerbSupport};
use crate::marker::Marker;

/// The version of the data that the store keeps beside a document: links, actions and search terms. A new number makes the
/// next listing write every record again, each with an event.
const FORM: u8 = 3;

/// The accounts, besides the owner, that can see a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// No other account.
    #[default]
    Private,
    /// The accounts that its owner named.
    Shared,
    /// Every account of the cloud.
    Public,
}

/// A resource as an answer of its cloud showed it.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its kind.
    pub kind: Kind,
    /// The key that makes it unique within cloud, region and kind; usually the cloud's id.
    pub native_key: String,
    /// The cloud's own id.
    pub external_id: String,
    /// The name; empty if the cloud has none.
    pub name: String,
    /// The canonical state, for kinds with a life cycle.
    pub state: Option<&'static str>,
    /// The cloud's own word for the state.
    pub cloud_state: Option<String>,
    /// The owning account, by the cloud's own id, if the cloud shows it.
    pub owner: Option<String>,
    /// The accounts that can see it.
    pub visibility: Visibility,
    /// The time of creation, if the cloud shows it.
    pub created_at: Option<Timestamp>,
    /// The time of the last change, if the cloud shows it.
    pub updated_at: Option<Timestamp>,
    /// Tags or metadata, without the gateway's own. A tag without a value has the empty one.
    pub tags: BTreeMap<String, String>,
    /// The verbs that its owner may use now; see [`Observed::allow`].
    pub actions: Vec<Verb>,
    /// The marker that an operation of the gateway left.
    pub marker: Option<Marker>,
    /// The kind's own fields.
    pub fields: Map<String, Value>,
    /// The cloud's document, complete.
    pub raw: Value,
}

impl Observed {
    /// Makes an observation from the kind's own fields. The `with_` methods and public fields set the rest.
    ///
    /// # Errors
    /// Internal, if the fields do not serialize to an object: a defect of the kind's file.
    pub fn new<T: Canonical>(
        external_id: impl Into<String>,
        name: impl Into<String>,
        fields: &T,
        raw: Value,
    ) -> Result<Self> {
        let Value::Object(fields) = serde_json::to_value(fields).map_err(Error::internal)? else {
            return Err(Error::internal(format!("fields of {} are not an object", T::KIND)));
        };
        let external_id = external_id.into();
        Ok(Self {
            kind: T::KIND,
            native_key: external_id.clone(),
            external_id,
            name: name.into(),
            state: None,
            cloud_state: None,
            owner: None,
            visibility: Visibility::Private,
            created_at: None,
            updated_at: None,
            tags: BTreeMap::new(),
            actions: Vec::new(),
            marker: None,
            fields,
            raw,
        })
    }

    /// Sets the canonical state and the cloud's own word.
    #[must_use]
    pub fn with_state<S: State>(mut self, state: S, cloud_state: impl Into<String>) -> Self {
        self.state = Some(state.name());
        self.cloud_state = Some(cloud_state.into());
        self
    }

    /// Sets a canonical state for which the cloud has no word.
    #[must_use]
    pub fn with_derived_state<S: State>(mut self, state: S) -> Self {
        self.state = Some(state.name());
        self.cloud_state = None;
        self
    }

    /// Returns whether the resource is changing to another state.
    pub fn is_transitional(&self) -> bool {
        self.state.and_then(|name| self.kind.spec().state(name)).is_some_and(|state| state.transitional)
    }

    /// Sets the verbs that are allowed now, among those that the cloud supports.
    pub fn allow(&mut self, can: &[VerbSupport]) {
        let document = self.document();
        let state = self.state;
        let cloud_can = |verb: &Verb| can.iter().any(|can| can.verb == *verb && can.only.takes(state));
        self.actions = self.kind.spec().allowed(&document).filter(cloud_can).collect();
    }

    /// Returns the canonical document for the store: everything that depends on neither reader nor time.
    pub fn document(&self) -> Map<String, Value> {
        let mut document = self.fields.clone();
        let common = json!({
            "external_id": self.external_id,
            "name": self.name,
            "state": self.state,
            "cloud_state": self.cloud_state,
            "owner": self.owner,
            "visibility": self.visibility,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "tags": self.tags,
        });
        if let Value::Object(common) = common {
            document.extend(common);
        }
        document
    }

    /// Returns the digest of the whole observation. An equal digest means that nothing is written.
    pub fn content_hash(&self) -> ContentHash {
        // serde_json's maps are ordered by key, so that equal content is equal text.
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(&[FORM]);
        for value in [&Value::Object(self.document()), &self.raw] {
            context.update(value.to_string().as_bytes());
            context.update(&[0]);
        }
        // Actions are part of the content: a build whose drivers support more verbs changes records.
        for verb in &self.actions {
            context.update(verb.as_str().as_bytes());
            context.update(&[0]);
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(&context.finish().as_ref()[..16]);
        ContentHash(hash)
    }
}

/// The digest of a resource's content: half of a SHA-256, which is enough against chance and small in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 16]);

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Volume, VolumeState};

    fn volume(raw: Value) -> Observed {
        Observed::new("v1", "data", &Volume { size_gib: 5, ..Volume::default() }, raw)
            .unwrap()
            .with_state(VolumeState::InUse, "in-use")
    }

    #[test]
    fn content_hash_ignores_the_order_of_keys() {
        let a: Value = serde_json::from_str(r#"{"a":1,"b":2}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"b":2,"a":1}"#).unwrap();
        assert_eq!(volume(a.clone()).content_hash(), volume(b).content_hash());
        assert_ne!(volume(a).content_hash(), volume(json!({"a": 1})).content_hash());
    }

    #[test]
    fn document_has_common_and_own_fields() {
        let document = volume(Value::Null).document();
        assert_eq!(document["state"], "in_use");
        assert_eq!(document["cloud_state"], "in-use");
        assert_eq!(document["size_gib"], 5);
        assert!(!volume(Value::Null).is_transitional());
        assert!(crate::document::rendering::COMMON.iter().all(|name| document.contains_key(*name)));
    }
}
