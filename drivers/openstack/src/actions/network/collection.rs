//! The collections of Neutron's API, from the descriptors of their kinds.

use gateway_core::error::{Error, Result};
use gateway_core::kind::Kind;
use serde_json::Value;

use crate::actions::action::Action;
use crate::descriptor::Lookup;
use crate::kind;
use crate::paging::Pages;
use crate::service::Service;

/// The collection of one kind.
#[derive(Clone, Copy)]
pub(super) struct Collection {
    kind: Kind,
    /// The name in paths.
    pub(super) path: &'static str,
    /// The key around one document.
    pub(super) key: &'static str,
    pages: Pages,
}

impl Collection {
    /// Returns the collection of a kind that has documents of its own in Neutron.
    pub(super) fn of(kind: Kind) -> Result<Self> {
        let descriptor = kind::descriptor(kind)?;
        match (descriptor.lookup, descriptor.pages()) {
            (Lookup::Id { path, key: Some(key) }, Some(pages)) => Ok(Self { kind, path, key, pages }),
            _ => Err(Error::internal(format!("Neutron has no collection of {kind}"))),
        }
    }

    /// Reads every document that matches the query.
    pub(super) async fn all(&self, action: &Action<'_>, query: &[(&str, &str)]) -> Result<Vec<Value>> {
        action.scope.every(Service::Network, &[self.path], query, &self.pages).await
    }

    /// Reads one document before anything is sent, so that an error means that nothing was changed.
    pub(super) async fn read(&self, action: &Action<'_>, id: &str) -> Result<Option<Value>> {
        let found = action.scope.look_up(kind::descriptor(self.kind)?, id).await.map_err(Error::untouched)?;
        Ok(found.and_then(|found| found.items.into_iter().next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collection_is_written_where_it_is_read() {
        for (kind, path, key) in [
            (Kind::Network, "networks", "network"),
            (Kind::Subnet, "subnets", "subnet"),
            (Kind::NetworkInterface, "ports", "port"),
            (Kind::Router, "routers", "router"),
            (Kind::IpAddress, "floatingips", "floatingip"),
            (Kind::SecurityGroup, "security-groups", "security_group"),
            (Kind::SecurityGroupRule, "security-group-rules", "security_group_rule"),
        ] {
            let collection = Collection::of(kind).unwrap();
            assert_eq!((collection.path, collection.key), (path, key));
            assert_eq!(collection.pages.list, path.replace('-', "_"));
        }
    }
}
