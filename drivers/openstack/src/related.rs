//! Further documents that the mapping of a kind needs, because its own document lacks a part.

pub(crate) mod flavor_ids;
pub(crate) mod router_ports;

use std::sync::Arc;

use gateway_core::error::Result;
use serde_json::Value;

use crate::listing::ScopeClient;

use self::flavor_ids::{FlavorCache, FlavorIds};
use self::router_ports::RouterPorts;

/// The further documents that a kind needs.
#[derive(Clone, Copy)]
pub(crate) enum Related {
    /// None.
    None,
    /// Ids of the flavors that servers name.
    FlavorIds,
    /// Ports of the routers.
    RouterPorts,
}

/// The related documents of one batch.
#[derive(Debug, Default)]
pub(crate) struct RelatedDocuments {
    pub(crate) flavor_ids: Arc<FlavorIds>,
    pub(crate) router_ports: RouterPorts,
}

/// The reader of related documents, with a session's cache.
#[derive(Debug, Default)]
pub(crate) struct RelatedReader {
    flavors: FlavorCache,
}

impl RelatedReader {
    /// Reads the related documents of a batch.
    pub(crate) async fn read(
        &self,
        scope: ScopeClient<'_>,
        related: Related,
        documents: &[Value],
    ) -> Result<RelatedDocuments> {
        let mut found = RelatedDocuments::default();
        match related {
            Related::None => {}
            Related::FlavorIds => {
                let names = flavor_ids::flavor_names(documents);
                found.flavor_ids = self.flavors.ids_of(scope, &names).await?;
            }
            Related::RouterPorts => found.router_ports = router_ports::read(scope, documents).await?,
        }
        Ok(found)
    }
}
