//! The members and queries that all kinds of Neutron share.

use gateway_core::clock::Timestamp;
use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::Result;
use gateway_core::kind::{Canonical, InterfaceAddress, Kind, Reference, Route};
use gateway_core::marker::Marker;
use serde::Deserialize;
use serde_json::Value;

use crate::document::{View, non_empty, read, tags};
use crate::listing::{PROJECT, Pass};
use crate::service::Service;

/// The parameters that select what other projects share.
pub(super) const SHARED: &[(&str, &str)] = &[("shared", "true")];

/// Returns the query of the project's own: Neutron shows an administrator the whole cloud.
pub(super) const fn own(path: &'static [&'static str], list: &'static str) -> Pass {
    Pass::pages(Service::Network, path, list).with(&[("project_id", PROJECT)])
}

/// Returns a query of other projects' resources. Neutron does not tell whether they are shared with all or with this
/// project alone.
pub(super) const fn foreign(pass: Pass, query: &'static [(&'static str, &'static str)]) -> Pass {
    Pass { foreign_only: true, ..pass.with(query) }
}

/// The common members.
#[derive(Deserialize)]
pub(super) struct Common {
    id: String,
    name: Option<String>,
    description: Option<String>,
    project_id: Option<String>,
    /// The older name of `project_id`.
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

/// A route of a router, or of a subnet for its instances.
#[derive(Deserialize)]
pub(super) struct Nexthop {
    destination: String,
    nexthop: Option<String>,
}

impl Common {
    /// Parses the common members and the kind's own.
    pub(super) fn read<T: serde::de::DeserializeOwned>(name: &'static str, raw: &Value) -> Result<(Self, T)> {
        Ok((read(name, raw)?, read(name, raw)?))
    }

    /// Returns the id of the document.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the owner's description, without the marker that it may contain.
    pub(super) fn description(&self) -> Option<String> {
        non_empty(self.split().0.map(str::to_owned))
    }

    /// Splits the description into the owner's text and the marker.
    fn split(&self) -> (Option<&str>, Option<Marker>) {
        match self.description.as_deref().map(Marker::take_from) {
            Some((text, marker)) => (Some(text), marker),
            None => (None, None),
        }
    }

    /// Returns the observation with the common members.
    pub(super) fn observed<T: Canonical>(self, view: &View<'_>, fields: &T, raw: Value) -> Result<Observed> {
        let marker = self.split().1;
        let mut observed = Observed::new(self.id, self.name.unwrap_or_default(), fields, raw)?;
        observed.owner = non_empty(self.project_id).or(non_empty(self.tenant_id));
        let is_own = observed.owner.as_ref() == Some(&view.account.project_id);
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
    /// Returns the canonical address.
    pub(super) fn address(self, view: &View<'_>) -> InterfaceAddress {
        let subnet = non_empty(self.subnet_id).map(|id| view.reference(Kind::Subnet, &id));
        InterfaceAddress { ip_address: self.ip_address, subnet }
    }
}

impl From<Nexthop> for Route {
    fn from(route: Nexthop) -> Self {
        Self { destination: route.destination, next_hop: non_empty(route.nexthop) }
    }
}

/// Returns a reference, if the id is neither missing nor empty.
pub(super) fn reference(view: &View<'_>, kind: Kind, id: Option<String>) -> Option<Reference> {
    non_empty(id).map(|id| view.reference(kind, &id))
}

#[cfg(test)]
mod tests {
    use gateway_core::id::OperationId;
    use gateway_core::kind::SecurityGroup;
    use serde_json::json;

    use super::*;
    use crate::fixtures::with_view;

    fn read_common(raw: &Value) -> Common {
        read("resource", raw).unwrap()
    }

    fn seen(raw: Value) -> Observed {
        with_view(|view| {
            let common = read_common(&raw);
            common.observed(view, &SecurityGroup::default(), raw)
        })
        .unwrap()
    }

    #[test]
    fn project_is_read_by_either_name_and_tags_have_no_value() {
        let observed =
            seen(json!({"id": "x", "name": "n", "project_id": "p1", "tenant_id": "p1", "tags": ["blue"],
            "created_at": "2026-11-24T09:55:29Z", "updated_at": "2026-11-24T09:55:30Z"}));
        assert_eq!((observed.owner.as_deref(), observed.tags["blue"].as_str()), (Some("p1"), ""));
        assert!(observed.created_at < observed.updated_at);
        assert_eq!(seen(json!({"id": "x", "tenant_id": "p1"})).owner.as_deref(), Some("p1"));
        assert_eq!(seen(json!({"id": "x", "project_id": ""})).owner, None);
    }

    #[test]
    fn marker_is_read_and_removed_from_description() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
        for (text, read) in [(Some("text"), Some("text")), (None, None)] {
            let raw = json!({"id": "x", "description": marker.append_to(text)});
            let common: Common = read_common(&raw);
            assert_eq!(common.description().as_deref(), read);
            let observed = seen(raw.clone());
            assert_eq!((observed.marker, observed.raw), (Some(marker), raw));
        }
        let unmarked = json!({"id": "x", "description": "text [in brackets]"});
        assert_eq!(read_common(&unmarked).description().as_deref(), Some("text [in brackets]"));
        assert_eq!(seen(unmarked).marker, None);
    }

    #[test]
    fn foreign_and_shared_resources_are_shared() {
        let visibility = |raw| seen(raw).visibility;
        assert_eq!(visibility(json!({"id": "x", "project_id": "p1", "shared": false})), Visibility::Private);
        assert_eq!(visibility(json!({"id": "x", "project_id": "p1", "shared": true})), Visibility::Shared);
        assert_eq!(visibility(json!({"id": "x", "project_id": "p2"})), Visibility::Shared);
    }
}
