//! The clients of OpenStack for one user: the `openstack` command line, and openstacksdk.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::cloud_resource::{ById, ByKind, CloudResource};

/// The compared lists. Nova returns at most 1,000 servers per call; `-1` makes the client read all pages.
const LISTS: [(&str, &[&str]); 5] = [
    ("instance", &["server", "list", "--limit", "-1", "--no-name-lookup"]),
    ("instance_type", &["flavor", "list"]),
    ("image", &["image", "list"]),
    // Hidden images must be requested separately, and still boot.
    ("image", &["image", "list", "--hidden"]),
    ("volume", &["volume", "list"]),
];

/// A user whose project and password have the user's name.
#[derive(Clone, Debug)]
pub(crate) struct OpenStack {
    keystone: String,
    user: &'static str,
}

impl OpenStack {
    pub(crate) fn new(keystone: &str, user: &'static str) -> Self {
        Self { keystone: keystone.to_owned(), user }
    }

    /// Runs `openstack ARGUMENTS` and returns its output. Blocks, because `drop` calls it too.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("openstack")
            .args(arguments)
            .env("OS_AUTH_URL", &self.keystone)
            .env("OS_USERNAME", self.user)
            .env("OS_PASSWORD", self.user)
            .env("OS_PROJECT_NAME", self.user)
            .env("OS_USER_DOMAIN_NAME", "Default")
            .env("OS_PROJECT_DOMAIN_NAME", "Default")
            .env("OS_IDENTITY_API_VERSION", "3")
            .output()
            .unwrap_or_else(|error| panic!("openstack: {error}"));
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openstack {}: {problem}", arguments.join(" "));
        String::from_utf8(output.stdout).expect("the command line writes UTF-8")
    }

    /// Runs `openstack ARGUMENTS` on a blocking thread.
    pub(crate) async fn run_async(&self, arguments: &[&'static str]) -> String {
        let (this, arguments) = (self.clone(), arguments.to_vec());
        tokio::task::spawn_blocking(move || this.run(&arguments)).await.unwrap()
    }

    /// Returns all four kinds as this user sees them.
    pub(crate) async fn everything(&self) -> ByKind {
        let mut all = ByKind::new();
        for (kind, command) in LISTS {
            let arguments = [command, &["-f", "json"]].concat();
            let text = self.run_async(&arguments).await;
            let rows: Vec<Value> = serde_json::from_str(&text).expect("rows in JSON");
            let by_id: &mut ById = all.entry(kind).or_default();
            by_id.extend(rows.iter().map(|row| {
                let text = |key: &str| row[key].as_str().map(str::to_owned);
                (
                    text("ID").unwrap(),
                    CloudResource { name: text("Name").unwrap_or_default(), cloud_state: text("Status") },
                )
            }));
        }
        all
    }

    /// Returns the ids of all resources that an application could leave. One process of openstacksdk reads all lists,
    /// because each command needs seconds to start.
    pub(crate) async fn left(&self) -> BTreeSet<String> {
        // The system's Python: openstacksdk is a package of the system.
        let mut command = Command::new("/usr/bin/python3");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_clouds/openstack_left.py");
        command.args(["-B", script, &self.keystone, self.user]);
        let output = tokio::task::spawn_blocking(move || command.output().expect("Python is installed"));
        let output = output.await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("a list of ids")
    }

    /// Deletes all resources of this name: `remove("server", "x")`.
    pub(crate) fn remove(&self, what: &str, name: &str) {
        let found = self.run(&[what, "list", "--name", name, "-f", "value", "-c", "ID"]);
        for id in found.split_whitespace() {
            self.run(&[what, "delete", id]);
        }
    }
}
