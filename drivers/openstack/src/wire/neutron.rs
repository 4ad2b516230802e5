//! What all of Neutron's documents have in common.

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind::{Canonical, InterfaceAddress, Reference, Route, Subnet};
use gateway_core::marker::Marker;
use serde::Deserialize;
use serde_json::Value;

use super::{View, non_empty, read, tags};

/// The common part, and what Neutron says of sharing where a kind can be shared.
#[derive(Deserialize)]
pub(super) struct Common {
    id: String,
    name: Option<String>,
    description: Option<String>,
    project_id: Option<String>,
    /// The same by its older name.
    tenant_id: Option<String>,
    shared: Option<bool>,
    #[serde(default)]
    tags: Vec<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

/// An address of a port.
#[derive(Deserialize)]
pub(super) struct FixedIp {
    ip_address: String,
    subnet_id: Option<String>,
}

/// A route, of a router or for instances.
#[derive(Deserialize)]
pub(super) struct Nexthop {
    destination: String,
    nexthop: Option<String>,
}

impl Common {
    /// Reads the common part and the kind's own.
    pub(super) fn read<T: serde::de::DeserializeOwned>(what: &'static str, raw: &Value) -> Result<(Self, T)> {
        Ok((read(what, raw)?, read(what, raw)?))
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What its owner wrote: without the marker, for which Neutron has no other place.
    pub(super) fn description(&self) -> Option<String> {
        non_empty(self.split().0.map(str::to_owned))
    }

    fn split(&self) -> (Option<&str>, Option<Marker>) {
        match self.description.as_deref().map(Marker::take_from) {
            Some((words, marker)) => (Some(words), marker),
            None => (None, None),
        }
    }

    pub(super) fn observed<T: Canonical>(self, view: &View<'_>, fields: &T, raw: Value) -> Result<Observed> {
        let marker = self.split().1;
        let mut observed = Observed::new(self.id, self.name.unwrap_or_default(), fields, raw)?;
        observed.owner = non_empty(self.project_id).or(non_empty(self.tenant_id));
        let is_own = observed.owner.as_ref() == Some(&view.account.project_id);
        // With whom it is shared, all or some, is for its owner to know.
        let is_shared = !is_own || self.shared == Some(true);
        observed.visibility = if is_shared { Visibility::Shared } else { Visibility::Private };
        observed.created_at = self.created_at;
        observed.updated_at = self.updated_at;
        observed.tags = tags(Default::default(), self.tags);
        observed.marker = marker;
        Ok(observed)
    }
}

impl FixedIp {
    pub(super) fn address(self, view: &View<'_>) -> InterfaceAddress {
        let subnet = non_empty(self.subnet_id).map(|id| view.reference(Subnet::KIND, &id));
        InterfaceAddress { ip_address: self.ip_address, subnet }
    }
}

impl From<Nexthop> for Route {
    fn from(route: Nexthop) -> Self {
        Self { destination: route.destination, next_hop: non_empty(route.nexthop) }
    }
}

/// Another resource, where an id is neither missing nor empty.
pub(super) fn reference<T: Canonical>(view: &View<'_>, id: Option<String>) -> Option<Reference> {
    non_empty(id).map(|id| view.reference(T::KIND, &id))
}

#[cfg(test)]
mod tests {
    use gateway_core::id::OperationId;
    use gateway_core::kind::SecurityGroup;
    use serde_json::json;

    use super::*;
    use crate::wire::testing::with_view;

    fn read_common(raw: &Value) -> Common {
        read("thing", raw).unwrap()
    }

    fn seen(raw: Value) -> Observed {
        with_view(|view| {
            let common = read_common(&raw);
            common.observed(view, &SecurityGroup::default(), raw)
        })
        .unwrap()
    }

    #[test]
    fn the_project_is_told_by_either_name_and_tags_are_words() {
        let observed =
            seen(json!({"id": "x", "name": "n", "project_id": "p1", "tenant_id": "p1", "tags": ["blue"],
            "created_at": "2026-11-24T09:55:29Z", "updated_at": "2026-11-24T09:55:30Z"}));
        assert_eq!((observed.owner.as_deref(), observed.tags["blue"].as_str()), (Some("p1"), ""));
        assert!(observed.created_at < observed.updated_at);
        assert_eq!(seen(json!({"id": "x", "tenant_id": "p1"})).owner.as_deref(), Some("p1"));
        assert_eq!(seen(json!({"id": "x", "project_id": ""})).owner, None);
    }

    #[test]
    fn a_marker_is_seen_and_no_reader_reads_it() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        for (words, read) in [(Some("ours"), Some("ours")), (None, None)] {
            let raw = json!({"id": "x", "description": marker.append_to(words)});
            let common: Common = read_common(&raw);
            assert_eq!(common.description().as_deref(), read);
            let observed = seen(raw.clone());
            assert_eq!((observed.marker, observed.raw), (Some(marker), raw));
        }
        let unmarked = json!({"id": "x", "description": "words [of others]"});
        assert_eq!(read_common(&unmarked).description().as_deref(), Some("words [of others]"));
        assert_eq!(seen(unmarked).marker, None);
    }

    #[test]
    fn what_is_anothers_or_said_to_be_shared_is_shared() {
        let visibility = |raw| seen(raw).visibility;
        assert_eq!(visibility(json!({"id": "x", "project_id": "p1", "shared": false})), Visibility::Private);
        assert_eq!(visibility(json!({"id": "x", "project_id": "p1", "shared": true})), Visibility::Shared);
        assert_eq!(visibility(json!({"id": "x", "project_id": "p2"})), Visibility::Shared);
    }
}
