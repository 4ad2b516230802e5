//! Ids of flavors by name: Nova from 2.47 on embeds a server's flavor without its id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::listing::ScopeClient;
use crate::paging::Pages;
use crate::service::Service;

/// The age up to which a list of flavors is used. A higher value makes fewer calls; a lower one notices deletions
/// sooner, so that sessions agree on a server's document.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The shortest time between two lists, however many names are unknown.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Ids by name, in one region.
pub(crate) type FlavorIds = BTreeMap<String, String>;

/// A session's cached flavor ids, by region.
#[derive(Debug, Default)]
pub(super) struct FlavorCache(Mutex<BTreeMap<Region, (Timestamp, Arc<FlavorIds>)>>);

impl FlavorCache {
    /// Returns the ids of the region's flavors, fresh enough to have all these names if the cloud has them.
    pub(super) async fn ids_of(&self, scope: ScopeClient<'_>, names: &[&str]) -> Result<Arc<FlavorIds>> {
        if names.is_empty() {
            return Ok(Arc::default());
        }
        let ScopeClient { client, region, .. } = scope;
        let mut cached = self.0.lock().await;
        if let Some((read_at, ids)) = cached.get(region) {
            let age = client.http().link().now().since(*read_at);
            let is_complete = names.iter().all(|name| ids.contains_key(*name));
            if age < MIN_INTERVAL || is_complete && age < MAX_AGE {
                return Ok(ids.clone());
            }
        }
        let read_at = client.http().link().now();
        let ids = Arc::new(match read(scope).await {
            // An account that may list servers but not flavors gets servers without flavor ids.
            Err(error) if error.kind() == ErrorKind::Forbidden => FlavorIds::new(),
            other => other?,
        });
        cached.insert(region.clone(), (read_at, ids.clone()));
        Ok(ids)
    }
}

/// Returns the names of the flavors that these servers embed without id.
pub(super) fn flavor_names(servers: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> =
        servers.iter().filter_map(|server| server["flavor"]["original_name"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn read(scope: ScopeClient<'_>) -> Result<FlavorIds> {
    // Shows an operator the private flavors of other projects too; others are unaffected.
    let query = [("is_public", "None")];
    let flavors = scope.every(Service::Compute, &["flavors"], &query, &Pages::new("flavors")).await?;
    let pairs = flavors.iter().map(|flavor| {
        let text = |key: &str| flavor[key].as_str().map(str::to_owned);
        text("name")
            .zip(text("id"))
            .ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a flavor has no `name` or no `id`"))
    });
    pairs.collect()
}
