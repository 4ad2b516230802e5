//! A registration for unit tests.

use std::time::Duration;

use gateway_core::driver::CloudSpec;
use gateway_core::id::CloudId;
use serde_json::Value;
use uuid::Uuid;

/// A cloud with that endpoint and those options; its id is always the same.
pub(crate) fn cloud(endpoint: &str, options: Value) -> CloudSpec {
    CloudSpec {
        id: CloudId(Uuid::nil()),
        name: "test".to_owned(),
        endpoint: endpoint.to_owned(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: false,
        calls_per_second: 10.0,
        timeout: Duration::from_secs(5),
        options: options.as_object().cloned().unwrap_or_default(),
    }
}
