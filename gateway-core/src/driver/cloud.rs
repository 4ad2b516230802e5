//! A registered cloud, in the form that drivers get.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::id::{CloudId, Region, ResourceId};
use crate::kind::Kind;

/// A registered cloud.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudSpec {
    /// The gateway's id of the cloud.
    pub id: CloudId,
    /// The name that its operator gave it.
    pub name: String,
    /// The start of its API: Keystone's v3 URL, or an EC2 endpoint (`{region}` in it is replaced).
    pub endpoint: String,
    /// The regions to use; empty for all that the cloud names.
    pub regions: Vec<Region>,
    /// Hosts, besides the endpoint's own, that the cloud's catalog may name.
    pub allowed_hosts: Vec<String>,
    /// Whether plain HTTP is allowed to hosts other than loopback.
    pub allow_plaintext: bool,
    /// Whether an answer without a `Date` header is refused. Otherwise it leads to a notice.
    pub require_date: bool,
    /// Calls a second that the account's budget allows.
    pub calls_per_second: f64,
    /// The time limit of one call.
    pub timeout: Duration,
    /// Further settings of the driver, documented in its `docs.md`.
    pub options: Map<String, Value>,
}

impl CloudSpec {
    /// Returns the gateway's id of a resource of this cloud.
    pub fn resource_id(&self, region: &Region, kind: Kind, native_key: &str) -> ResourceId {
        ResourceId::derive(self.id, region, kind, native_key)
    }
}
