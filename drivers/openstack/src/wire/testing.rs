//! What the tests of this crate read documents with.

use std::time::Duration;

use driver_kit::{HeaderMap, Response, StatusCode, header};
use gateway_core::document::observation::Observed;
use gateway_core::driver::CloudSpec;
use gateway_core::error::Result;
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::Canonical;
use serde_json::{Map, Value, json};

use super::View;
use crate::auth::Account;
use crate::catalog::Service;
use crate::flavor_ids::Ids;
use crate::router_ports::Ports;

/// A registration with these options.
pub(crate) fn cloud(options: Map<String, Value>) -> CloudSpec {
    CloudSpec {
        id: CloudId::generate(),
        name: "test".to_owned(),
        endpoint: "https://keystone.example/v3".to_owned(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 10.0,
        timeout: Duration::from_secs(30),
        options,
    }
}

/// Maps with a view that knows the flavor m1.tiny as 2, and of router r1 two ports.
pub(crate) fn with_view<T>(map: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
    let (cloud, region) = (cloud(Map::new()), Region::new("One"));
    let flavor_ids = Ids::from([("m1.tiny".to_owned(), "2".to_owned())]);
    let account = Account { project_id: "p1".to_owned(), user_id: "u1".to_owned() };
    let port = |id: &str, address: &str| {
        json!({"id": id, "device_id": "r1", "device_owner": "network:router_interface",
               "fixed_ips": [{"subnet_id": format!("subnet of {id}"), "ip_address": address}]})
    };
    let router_ports = Ports::from([("r1".to_owned(), vec![port("a", "10.0.0.1"), port("b", "fd00::1")])]);
    let service = Service::Compute;
    map(&View {
        cloud: &cloud,
        region: &region,
        account: &account,
        service,
        flavor_ids: &flavor_ids,
        router_ports: &router_ports,
    })
}

/// The kind's own fields, read back.
pub(crate) fn fields<T: Canonical>(observed: &Observed) -> T {
    serde_json::from_value(Value::Object(observed.fields.clone())).unwrap()
}

/// An answer with that JSON.
pub(crate) fn json_response(text: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    Response {
        status: StatusCode::OK,
        headers,
        body: text.to_owned().into(),
        endpoint: "nova.example:8774".into(),
    }
}
