//! Fixtures of this crate's tests: a registration, and a view to map documents with.

use std::sync::Arc;
use std::time::Duration;

use driver_kit::{HeaderMap, Response, StatusCode, header};
use gateway_core::document::observation::Observed;
use gateway_core::driver::CloudSpec;
use gateway_core::error::Result;
use gateway_core::id::{CloudId, OperationId, Region};
use gateway_core::kind::Canonical;
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use crate::auth::Account;
use crate::descriptor::Descriptor;
use crate::document::View;
use crate::related::RelatedDocuments;
use crate::service::Service;

/// Returns a registration with these options.
pub(crate) fn cloud(options: Map<String, Value>) -> CloudSpec {
    CloudSpec {
        id: CloudId::from_bytes(&[7; 16]).unwrap(),
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

/// Maps with a view of the compute service that has the flavor m1.tiny with id 2, and two ports of router r1.
pub(crate) fn with_view<T>(map: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
    let (cloud, region) = (cloud(Map::new()), Region::new("One"));
    let account = Account { project_id: "p1".to_owned(), user_id: "u1".to_owned() };
    let port = |id: &str, address: &str| {
        json!({"id": id, "device_id": "r1", "device_owner": "network:router_interface",
               "fixed_ips": [{"subnet_id": format!("subnet of {id}"), "ip_address": address}]})
    };
    let ports = vec![port("a", "10.0.0.1"), port("b", "fd00::1")];
    let related = RelatedDocuments {
        flavor_ids: Arc::new([("m1.tiny".to_owned(), "2".to_owned())].into()),
        router_ports: [("r1".to_owned(), ports)].into(),
    };
    map(&View {
        cloud: &cloud,
        region: &region,
        account: &account,
        service: Service::Compute,
        related: &related,
    })
}

/// Maps a document of a service, and returns the native key and the canonical document as JSON.
pub(crate) fn canonical(descriptor: &Descriptor, service: Service, raw: Value) -> String {
    let observed = with_view(|view| (descriptor.observe)(&View { service, ..*view }, raw)).unwrap();
    let shown = json!({ "native_key": observed.native_key, "document": observed.document() });
    serde_json::to_string_pretty(&shown).unwrap()
}

/// The marker of every test.
pub(crate) fn marker() -> Marker {
    Marker { operation: OperationId::from_bytes(&[7; 16]).unwrap(), ordinal: 1 }
}

/// Parses the kind's own fields.
pub(crate) fn fields<T: Canonical>(observed: &Observed) -> T {
    serde_json::from_value(Value::Object(observed.fields.clone())).unwrap()
}

/// Returns a successful answer with this JSON.
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
