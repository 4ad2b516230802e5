//! Ids of flavors by name: Nova from 2.47 embeds a server's flavor without its id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::kind::{Canonical, Instance, Kind};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::catalog::Service;
use crate::listing::Asker;
use crate::resources::Pages;

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
    pub(crate) async fn with(&self, asker: Asker<'_>, wanted: &[&str]) -> Result<Arc<Ids>> {
        if wanted.is_empty() {
            return Ok(Arc::default());
        }
        let Asker { connection, region, .. } = asker;
        let mut known = self.0.lock().await;
        if let Some((read_at, ids)) = known.get(region) {
            let age = connection.http().link().now().since(*read_at);
            let complete = wanted.iter().all(|name| ids.contains_key(*name));
            if age < AGAIN || complete && age < GOOD {
                return Ok(ids.clone());
            }
        }
        let read_at = connection.http().link().now();
        let ids = Arc::new(match read(asker).await {
            // Who may list servers but no flavors still gets the servers, always without ids.
            Err(error) if error.kind() == ErrorKind::Forbidden => Ids::new(),
            other => other?,
        });
        known.insert(region.clone(), (read_at, ids.clone()));
        Ok(ids)
    }
}

/// Names of the flavors that are embedded in these documents without their ids, if they are servers.
pub(crate) fn wanted(kind: Kind, servers: &[Value]) -> Vec<&str> {
    if kind != Instance::KIND {
        return Vec::new();
    }
    let mut names: Vec<&str> =
        servers.iter().filter_map(|server| server["flavor"]["original_name"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn read(asker: Asker<'_>) -> Result<Ids> {
    // An operator sees private flavors of others only so; for everybody else it means nothing.
    let query = [("is_public", "None")];
    let flavors = asker.every(Service::Compute, &["flavors"], &query, &Pages::of("flavors")).await?;
    let pairs = flavors.iter().map(|flavor| {
        let text = |key: &str| flavor[key].as_str().map(str::to_owned);
        text("name")
            .zip(text("id"))
            .ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a flavor without name or id"))
    });
    pairs.collect()
}
