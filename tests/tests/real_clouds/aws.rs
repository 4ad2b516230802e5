//! boto3 at the EC2 endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::clouds::Clouds;
use crate::shown::{ByKind, KINDS, Shown};

/// A region of its own: suites of the driver use others.
pub(crate) const REGION: &str = "eu-west-1";

/// The only owner of public images that is configured.
pub(crate) const PUBLIC_OWNERS: &str = r#"public_image_owners=["amazon"]"#;

/// Some instances in several states, volumes and an image; removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Aws {
    endpoint: String,
    python: String,
}

/// What boto3 shows of the account.
#[derive(Debug, Deserialize)]
struct Answer {
    account: String,
    kinds: BTreeMap<String, BTreeMap<String, (String, Option<String>)>>,
}

impl Aws {
    /// Makes them.
    pub(crate) async fn make(clouds: &Clouds) -> Self {
        let aws = Self { endpoint: clouds.ec2.clone(), python: clouds.python.clone() };
        aws.run("remove");
        aws.run("make");
        aws
    }

    /// The account's number, and everything of it that is compared.
    pub(crate) async fn everything(&self) -> (String, ByKind) {
        let command = self.command("show");
        let text = tokio::task::spawn_blocking(move || output(command)).await.unwrap();
        let mut answer: Answer = serde_json::from_str(&text).expect("the script's own form");
        let kinds = KINDS.map(|(kind, _)| {
            let items = answer.kinds.remove(kind).unwrap_or_default().into_iter();
            (kind, items.map(|(id, (name, word))| (id, Shown { name, word })).collect())
        });
        (answer.account, kinds.into_iter().collect())
    }

    /// Ids of everything that an application could leave.
    pub(crate) async fn left(&self) -> BTreeSet<String> {
        let command = self.command("left");
        let text = tokio::task::spawn_blocking(move || output(command)).await.unwrap();
        serde_json::from_str(&text).expect("a list of ids")
    }

    fn run(&self, order: &str) {
        output(self.command(order));
    }

    fn command(&self, order: &str) -> Command {
        let mut command = Command::new(&self.python);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_clouds/aws.py");
        command.args(["-B", script, &self.endpoint, REGION, order]);
        command
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.run("remove");
    }
}

fn output(mut command: Command) -> String {
    let output = command.output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("JSON is UTF-8")
}
