//! Ids of flavors by name: Nova from 2.47 embeds a server's flavor without its id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::scope::Region;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::catalog::Service;
use crate::connection::Connection;
use crate::paging::{self, Place};

/// How long a list of flavors is good. Longer spares calls; shorter notices sooner that one was deleted, so
/// that sessions agree on what a server's document says.
const GOOD: Duration = Duration::from_secs(60);

/// An unknown name asks again, but not more often than this.
const AGAIN: Duration = Duration::from_secs(5);

/// One region's ids by name.
pub(crate) type Ids = BTreeMap<String, String>;

/// The session's memory of flavors, by region.
#[derive(Debug, Default)]
pub(crate) struct FlavorIds(Mutex<BTreeMap<Region, (Timestamp, Arc<Ids>)>>);

impl FlavorIds {
    /// The ids, fresh enough and with all the wanted names that the cloud has.
    pub(crate) async fn with(
        &self,
        connection: &Connection,
        region: &Region,
        wanted: &[&str],
    ) -> Result<Arc<Ids>> {
        if wanted.is_empty() {
            return Ok(Arc::default());
        }
        let mut known = self.0.lock().await;
        if let Some((read_at, ids)) = known.get(region) {
            let age = connection.http().link().now().since(*read_at);
            let complete = wanted.iter().all(|name| ids.contains_key(*name));
            if age < AGAIN || complete && age < GOOD {
                return Ok(ids.clone());
            }
        }
        let read_at = connection.http().link().now();
        let ids = Arc::new(match read(connection, region).await {
            // Who may list servers but no flavors still gets the servers, always without ids.
            Err(error) if error.kind() == ErrorKind::Forbidden => Ids::new(),
            other => other?,
        });
        known.insert(region.clone(), (read_at, ids.clone()));
        Ok(ids)
    }
}

/// Names of the flavors that are embedded in servers without their ids.
pub(crate) fn embedded_names(servers: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> =
        servers.iter().filter_map(|server| server["flavor"]["original_name"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn read(connection: &Connection, region: &Region) -> Result<Ids> {
    let mut ids = Ids::new();
    let mut place = Place::start();
    let limit = connection.config().page_size;
    loop {
        let size = limit.to_string();
        // An operator sees private flavors of others only so; for everybody else it means nothing.
        let mut query = vec![("limit", size.as_str()), ("is_public", "None")];
        query.extend(place.marker.as_deref().map(|marker| ("marker", marker)));
        let response = connection.read(region, Service::Compute, &["flavors"], &query).await?;
        let page = paging::read(&response, "flavors", limit, &place)?;
        for flavor in &page.items {
            let text = |key: &str| flavor[key].as_str().map(str::to_owned);
            let (Some(name), Some(id)) = (text("name"), text("id")) else {
                return Err(Error::new(ErrorKind::WrongDocument, "a flavor without name or id"));
            };
            ids.insert(name, id);
        }
        match page.marker {
            Some(marker) => place = place.then(marker)?,
            None => return Ok(ids),
        }
    }
}
