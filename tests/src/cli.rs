//! Runs of `gateway` commands.

use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Command;

use crate::gateway;
use crate::settings::Settings;

/// Runs `gateway ARGUMENTS` and returns its output.
pub async fn run(settings: &Settings, arguments: &[&str]) -> Output {
    let mut command = Command::new(gateway::binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GATEWAY_") {
            command.env_remove(&name);
        }
    }
    let command = command.args(arguments).envs(settings.variables()).stdin(Stdio::null()).kill_on_drop(true);
    command.output().await.unwrap_or_else(|error| panic!("gateway {}: {error}", arguments.join(" ")))
}

/// Runs a command that must succeed, and returns its standard output.
pub async fn text(settings: &Settings, arguments: &[&str]) -> String {
    let output = run(settings, arguments).await;
    assert!(
        output.status.success(),
        "gateway {}: {}\n{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("the command line writes UTF-8")
}

/// Runs a command that must succeed and print one JSON document.
pub async fn json(settings: &Settings, arguments: &[&str]) -> Value {
    let text = text(settings, arguments).await;
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("gateway {}: {error} in {text:?}", arguments.join(" ")))
}
