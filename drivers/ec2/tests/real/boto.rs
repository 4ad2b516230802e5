//! boto3 at the same endpoint, which creates resources, shows them, and removes everything in a region.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Map, Value};

/// Documents by native key.
pub(crate) type Documents = BTreeMap<String, Map<String, Value>>;

/// boto3 in one region, which it clears when this is dropped.
pub(crate) struct Boto {
    endpoint: String,
    region: String,
    python: String,
}

impl Boto {
    /// Starts with an empty region, whatever an earlier run has left.
    pub(crate) fn in_region(endpoint: &str, region: &str) -> Self {
        let python = std::env::var("GATEWAY_TEST_EC2_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let boto = Self { endpoint: endpoint.to_owned(), region: region.to_owned(), python };
        boto.remove();
        boto
    }

    /// Creates some of each kind, and returns their documents.
    pub(crate) fn create(&self) -> BTreeMap<String, Documents> {
        serde_json::from_slice(&self.run("create")).expect("JSON")
    }

    /// Removes everything.
    pub(crate) fn remove(&self) {
        self.run("remove");
    }

    fn run(&self, command: &str) -> Vec<u8> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/boto.py");
        let arguments = [script, &self.endpoint, &self.region, command];
        let output = Command::new(&self.python).args(arguments).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Boto {
    fn drop(&mut self) {
        self.remove();
    }
}
