//! `deploy/dev up` as a new user runs it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use gateway_tests::{Child, Client, Program, gateway, group, ports};
use serde_json::Value;

/// The start of two debug processes and a first poll.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_up_prints_one_json_line_and_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut up = Child::start(up(directory.path(), &["--json"]));
    let line = up.wait_log("{\"url\"", READY_TIMEOUT).await;
    let made: Value = serde_json::from_str(&line).unwrap();
    let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("no {key} in {line}"));
    let mut client = Client::new(text("url"), text("client_id"), text("client_secret"));
    client.token = Some(text("token").to_owned());
    let listing = client.list("instances", &[]).await.unwrap();
    assert!((100..=200).contains(&listing.items.len()), "{} instances", listing.items.len());
    client.login(&[]).await.unwrap();
    assert_eq!(std::fs::read_dir(data(directory.path())).unwrap().count(), 1, "one directory of the run");
    end(&mut up, directory.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dev_up_suggested_commands_succeed() {
    let directory = tempfile::tempdir().unwrap();
    let mut up = Child::start(up(directory.path(), &[]));
    up.wait_log("and it recovers by itself", READY_TIMEOUT).await;
    let output = up.log();
    let [list, follow, create, skew] = suggested(&output).try_into().expect("four commands");

    let page = json(&list);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3), "{page}");
    assert!(page["scopes"].to_string().contains("fresh"), "{page}");

    let events = json(&follow);
    assert!(events["items"].is_array() && events["position"].is_i64(), "{events}");

    let [make, see] = create.as_slice() else { panic!("{create:?}") };
    let made = json(std::slice::from_ref(make));
    assert_eq!(json(std::slice::from_ref(make))["operation"]["id"], made["operation"]["id"], "{made}");
    let page = json(std::slice::from_ref(see));
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");

    let [broken, seen, healed] = skew.as_slice() else { panic!("{skew:?}") };
    run(std::slice::from_ref(broken));
    let page = json(std::slice::from_ref(seen));
    assert!(page["scopes"].to_string().contains("suspended"), "{page}");
    assert!(page["scopes"].to_string().contains("the clock of"), "{page}");
    run(std::slice::from_ref(healed));
    end(&mut up, directory.path());
}

fn up(directory: &Path, more: &[&str]) -> Program {
    let dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/dev");
    std::fs::create_dir(data(directory)).unwrap();
    // The binary of this run, because cargo holds its lock during the tests.
    Program::new("dev-up", dev, directory)
        .arguments(["up", "--port", &ports::free().to_string(), "--binary"])
        .argument(gateway::binary())
        .arguments(more.iter().copied())
        .variable("TMPDIR", data(directory).display())
        .owning(directory)
}

fn data(directory: &Path) -> std::path::PathBuf {
    directory.join("tmp")
}

/// Terminates the run. Asserts that no process and no file remains.
fn end(up: &mut Child, directory: &Path) {
    let leader = up.pid();
    tokio::task::block_in_place(|| up.terminate());
    assert_eq!(group::alive(leader), 0, "processes are left");
    assert_eq!(std::fs::read_dir(data(directory)).unwrap().count(), 0, "data is left");
}

/// Returns the commands under each number, each with the variables in front.
fn suggested(output: &str) -> Vec<Vec<String>> {
    let variables =
        output.lines().find(|line| line.trim_start().starts_with("URL=")).expect("the variables").trim();
    let mut all: Vec<Vec<String>> = Vec::new();
    for line in output.lines() {
        if line.starts_with(|first: char| first.is_ascii_digit()) {
            all.push(Vec::new());
        } else if let (Some(commands), Some(command)) = (all.last_mut(), line.strip_prefix("  ")) {
            commands.push(format!("{variables}; {command}"));
        }
    }
    all
}

fn json(commands: &[String]) -> Value {
    let output = run(commands);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{commands:?}: {error} {output:?}"))
}

fn run(commands: &[String]) -> Output {
    let output = Command::new("sh").args(["-c", &commands.join("\n")]).output().unwrap();
    assert!(output.status.success(), "{commands:?}: {output:?}");
    output
}
