//! The boto3 client of the EC2 endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::cloud_resource::{ByKind, CloudResource, KINDS};
use crate::clouds::Clouds;

/// The region of this suite; the suites of the driver use others.
pub(crate) const REGION: &str = "eu-west-1";

/// The configured owners of public images.
pub(crate) const PUBLIC_OWNERS: &str = r#"public_image_owners=["amazon"]"#;

/// Instances in several states, volumes and an image. They are removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Aws {
    endpoint: String,
    python: String,
}

/// The resources of the account as boto3 shows them.
#[derive(Debug, Deserialize)]
struct Answer {
    account: String,
    kinds: BTreeMap<String, BTreeMap<String, (String, Option<String>)>>,
}

impl Aws {
    /// Creates the resources.
    pub(crate) async fn make(clouds: &Clouds) -> Self {
        let aws = Self { endpoint: clouds.ec2.clone(), python: clouds.python.clone() };
        for action in ["remove", "make"] {
            let command = aws.command(action);
            tokio::task::spawn_blocking(move || output(command)).await.unwrap();
        }
        aws
    }

    /// Returns the account number and all compared resources.
    pub(crate) async fn everything(&self) -> (String, ByKind) {
        let command = self.command("show");
        let text = tokio::task::spawn_blocking(move || output(command)).await.unwrap();
        let mut answer: Answer = serde_json::from_str(&text).expect("the script prints this document");
        let kinds = KINDS.map(|(kind, _)| {
            let items = answer.kinds.remove(kind).unwrap_or_default().into_iter();
            (kind, items.map(|(id, (name, cloud_state))| (id, CloudResource { name, cloud_state })).collect())
        });
        (answer.account, kinds.into_iter().collect())
    }

    /// Returns the ids of all resources that an application could leave.
    pub(crate) async fn left(&self) -> BTreeSet<String> {
        let command = self.command("left");
        let text = tokio::task::spawn_blocking(move || output(command)).await.unwrap();
        serde_json::from_str(&text).expect("a list of ids")
    }

    fn command(&self, action: &str) -> Command {
        let mut command = Command::new(&self.python);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_clouds/aws.py");
        command.args(["-B", script, &self.endpoint, REGION, action]);
        command
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        output(self.command("remove"));
    }
}

fn output(mut command: Command) -> String {
    let output = command.output().expect("Python is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("JSON is UTF-8")
}
