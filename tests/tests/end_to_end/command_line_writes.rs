//! Writes by the command line: life cycles, refusals and their texts, and lost connections.

mod lossy_proxy;

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use gateway_tests::{TestCluster, cli, gateway, until};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::environment::{Environment, SOON};
use lossy_proxy::LossyProxy;

/// The result of a command.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Outcome {
    /// Returns the standard output of a command that succeeded.
    #[track_caller]
    fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        let out = self.done();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"))
    }

    /// Asserts that the command failed with `code`, empty standard output, and all `words` on standard error.
    #[track_caller]
    fn refused(self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word}: {}", self.err);
        }
    }
}

async fn gateway_with(url: &str, token: &str, arguments: &[&str], input: &str) -> Outcome {
    let mut command = Command::new(gateway::binary());
    command.args(arguments).env_clear().env("GATEWAY_URL", url).env("GATEWAY_TOKEN", token);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The command may end before it reads.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs `gateway` against the front. The line is split at blanks.
async fn run(env: &Environment, line: &str) -> Outcome {
    let arguments: Vec<_> = line.split_whitespace().collect();
    let token = env.client.token.as_ref().unwrap();
    gateway_with(env.cluster.front.url(), token, &arguments, "").await
}

async fn start(test: &str) -> Environment {
    Environment::with_cloud(TestCluster::builder(test), &["--transit-seconds", "0.2"]).await
}

/// Returns the arguments of a create of the smallest instance, with names instead of ids.
async fn smallest_instance(env: &Environment) -> String {
    let image = env.public_image().await;
    let instance_type = env.smallest_type(&image).await;
    let name = |record: &Value| record["name"].as_str().unwrap().to_owned();
    format!("instance_type={} image={}", name(&instance_type), name(&image))
}

async fn until_state(env: &Environment, path: &str, wanted: &str) {
    until(wanted, SOON, || async {
        let state = env.client.get(path).await?["state"].clone();
        ensure!(state == wanted, "it is {state}");
        Ok(())
    })
    .await;
}

fn id(answer: &Value) -> String {
    answer["resources"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn lines(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_and_volume_life_cycle_by_command_line() {
    let env = start("command_line_writes").await;
    let command = smallest_instance(&env).await;
    let made = run(&env, &format!("create instance name=web {command} tags.tier=front -v")).await;
    assert!(made.err.contains("key: ") && made.err.contains("succeeded: operation "), "{made:?}");
    let out = made.done();
    let rows = lines(&out);
    assert_eq!(rows.len(), 2, "{out}");
    assert_eq!((&rows[0][..3], rows[1][1]), (&["ID", "NAME", "STATE"][..], "web"), "{out}");
    let instance = rows[1][0].to_owned();
    let path = format!("/v1/instances/{instance}");
    let seen = env.client.get(&path).await.unwrap();
    assert_eq!(seen["tags"], json!({ "tier": "front" }));
    until_state(&env, &path, "running").await;

    // By name, with JSON output.
    let stopped = run(&env, "act instance web stop --json").await.json();
    assert_eq!((&stopped["operation"]["verb"], id(&stopped)), (&json!("stop"), instance.clone()));
    let updated = run(&env, &format!("update instance {instance} name=2024 tags.a.b=1 --json")).await.json();
    let record = &updated["resources"][0];
    assert_eq!((&record["name"], &record["tags"]), (&json!("2024"), &json!({ "a.b": "1" })), "{record}");

    // A whole command from standard input; references by name, and by id if the name is ambiguous.
    let token = env.client.token.as_ref().unwrap();
    let whole = json!({ "name": "data", "size_gib": 5 }).to_string();
    let create = ["create", "volume", "--command", "-", "--cloud", "sim", "-o", "json"];
    let volume = id(&gateway_with(env.cluster.front.url(), token, &create, &whole).await.json());
    until_state(&env, &format!("/v1/volumes/{volume}"), "available").await;
    let attached = run(&env, "create volume_attachment volume=data instance=2024 --json").await.json();
    let attachment = id(&attached);
    run(&env, "create volume name=data size_gib=1").await.done();
    let several = run(&env, &format!("create volume_attachment volume=data instance={instance}")).await;
    several.refused(1, &["/volume: several volumes have the name `data`", &volume]);

    // The delete of a volume in use is refused and names the possible actions.
    let conflict = run(&env, &format!("delete volume {volume}")).await;
    conflict.refused(1, &["Invalid state", "in_use", "\n  possible now: ", "\n  key: "]);
    let detached = run(&env, &format!("delete volume-attachments {attachment}")).await;
    assert!(detached.err.contains("succeeded: operation "), "{detached:?}");
    detached.done();
    until_state(&env, &format!("/v1/volumes/{volume}"), "available").await;
    let ended = run(&env, &format!("delete volume absent {volume}")).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for text in
        ["there is no volume with the name `absent`", "succeeded: operation ", "1 of 2 were not deleted"]
    {
        assert!(ended.err.contains(text), "{text}: {ended:?}");
    }
    until("the volume is gone", SOON, || async {
        let left = env.client.list("volumes", &[("name", "data")]).await?.items;
        ensure!(left.iter().all(|left| left["id"] != volume), "{left:?}");
        Ok(())
    })
    .await;

    operations_and_audit(&env, &instance).await;
}

/// Asserts that operations and audit list all commands.
async fn operations_and_audit(env: &Environment, instance: &str) {
    let out = run(env, "operations --all").await.done();
    let rows = lines(&out);
    assert_eq!(rows[0][..5], ["ID", "STATE", "VERB", "KIND", "RESOURCE"], "{out}");
    assert!(rows.iter().any(|row| row[1..5] == ["succeeded", "stop", "instance", instance]), "{out}");
    let of_api = run(env, "operations --state failed --json").await.json();
    assert_eq!(of_api, json!([]), "refused before an operation was created");
    let shown = run(env, &format!("operation {}", rows[1][0])).await.done();
    assert!(lines(&shown).contains(&vec!["state", "succeeded"]), "{shown}");
    let own = run(env, "audit --json").await.json();
    let own = own.as_array().unwrap();
    assert_eq!(own.len(), 2 * (rows.len() - 1), "two entries per operation, accepted and succeeded: {own:?}");
    let settings = &env.cluster.settings;
    let all = cli::json(settings, &["audit", "--store", "--json"]).await;
    assert_eq!(all.as_array().unwrap(), own, "all entries are of this client");
    let last = own[own.len() - 2]["seq"].to_string();
    let text = cli::text(settings, &["audit", "--store", "--after", &last]).await;
    let rows = lines(&text);
    assert_eq!((rows.len(), rows[0][2], rows[1][2]), (2, "CLIENT", "dashboard"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_command_is_refused_with_field_and_reason() {
    let env = start("command_line_writes_wrong").await;
    for (line, text) in [
        ("create datacenter name=x", "the kind is read-only"),
        ("create volume name", "NAME=VALUE"),
        ("create volume name=a name=b", "`name` is given twice"),
        ("create volume name=a --command -", "cannot be used with"),
        ("act volume x stop", "use one of create, update, extend, delete"),
        ("act volume x delete", "gateway delete"),
        ("act-all instances stop --filter colour=red --expect 1", "`colour` is not a filter of `instance`"),
        ("act-all instances stop", "--expect"),
        ("act-all volumes delete --q data --expect 1", "`delete` acts on a single `volume`"),
        ("create volume name=a --private-key FILE", "`--private-key` requires a key pair"),
        ("delete volume a b --key k", "`--key` requires a single resource"),
        ("update volume x name=a --key two\u{e4}", "visible ASCII"),
    ] {
        run(&env, line).await.refused(2, &[text]);
    }
    // Both errors, each with its field.
    let wrong = run(&env, "create volume name= size_gib=0").await;
    wrong.refused(1, &["Invalid command\n  /name: must be", "\n  /size_gib: must be at least 1\n  key: "]);
    run(&env, "create volume name=x colour=red").await.refused(1, &["/colour: is not a known field"]);
    run(&env, "create volume name=x size_gib=1 image=absent")
        .await
        .refused(1, &["/image: there is no image with the name `absent`"]);
    run(&env, "create volume name=x size_gib=1 --cloud elsewhere")
        .await
        .refused(1, &["/cloud: must name a cloud"]);
    run(&env, "create volume name=x size_gib=1 cloud=sim --cloud sim")
        .await
        .refused(1, &["`cloud` is given twice"]);
    let absent = "7d0d7d90-0000-5000-8000-000000000000";
    run(&env, &format!("delete volume {absent}")).await.refused(1, &["No such resource", "key: "]);
    run(&env, &format!("operation {absent}")).await.refused(1, &["No such operation"]);
    assert_eq!(run(&env, "operations --json").await.json(), json!([]), "no operation was created");

    // The error of the cloud, also in the operation.
    env.simulator.faults(json!([{ "fault": "forbidden", "writes": true, "times": 1 }])).await;
    let refused = run(&env, "create volume name=x size_gib=1").await;
    let operation = refused.err.split("operation: ").nth(1).and_then(|rest| rest.lines().next());
    let operation = operation.unwrap_or_else(|| panic!("{refused:?}")).to_owned();
    refused.refused(1, &["Forbidden by the cloud", "\n  cloud: ", "\n  key: "]);
    let later = run(&env, &format!("operation {operation} --wait")).await;
    assert!(later.code == Some(1) && later.err.contains("\n  cloud: "), "{later:?}");
    assert!(lines(&later.out).contains(&vec!["state", "failed"]), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_stop_requires_expected_count() {
    let env = start("command_line_writes_many").await;
    let command = smallest_instance(&env).await;
    run(&env, &format!("create instance name=many {command} count=3 tags.batch=one")).await.done();
    until("all run", SOON, || async {
        let query = [("tag.batch", "one"), ("state", "running")];
        let running = env.client.list("instances", &query).await?.items.len();
        ensure!(running == 3, "{running}");
        Ok(())
    })
    .await;
    let all = "act-all instances stop --tag batch=one";
    run(&env, &format!("{all} --expect 2"))
        .await
        .refused(1, &["Count mismatch: the filter matches 3, not 2", "\n  key: "]);
    let dry = run(&env, &format!("{all} --expect 3 --dry-run")).await;
    assert!(dry.err.contains("nothing was done"), "{dry:?}");
    assert!(lines(&dry.done())[1..].iter().all(|row| row[2..] == ["-", "-", "-"]));
    let out = run(&env, &format!("{all} --expect 3")).await.done();
    let rows = lines(&out);
    assert_eq!(rows[0], ["ID", "NAME", "STATUS", "OPERATION", "PROBLEM"], "{out}");
    assert!(rows.len() == 4 && rows[1..].iter().all(|row| row[2] == "200" && row[4] == "-"), "{out}");
    // A second stop: each instance is refused, and the command fails.
    let again = run(&env, "act-all instances stop --filter tag.batch=one --expect 3 --json").await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("3 of 3 were refused"), "{again:?}");
    assert_eq!(serde_json::from_str::<Value>(&again.out).unwrap()["failed"], 3, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_write_is_executed_once() {
    let mut env = start("command_line_writes_twice").await;
    let token = env.client.token.clone().unwrap();
    let made = || async {
        let stats = env.simulator.control("GET", "stats", &json!(null)).await;
        stats["requests"]["POST volumes"].as_u64().unwrap_or_default()
    };
    let once = "create volume name=once size_gib=1 --key night-1 --json";
    let first = run(&env, once).await.json();
    assert_eq!(id(&run(&env, once).await.json()), id(&first));
    let other = run(&env, "create volume name=other size_gib=1 --key night-1").await;
    other.refused(1, &["Idempotency key used for another request", "\n  operation: ", "\n  key: night-1"]);
    assert_eq!(made().await, 1);

    // The answer is lost: the command is sent again and finds the finished operation.
    let proxy = LossyProxy::start(env.cluster.front.url()).await;
    let create = ["create", "volume", "name=lost", "size_gib=1", "--json"];
    let outcome = gateway_with(proxy.url(), &token, &create, "").await;
    assert!(outcome.err.contains("trying again with the same key"), "{outcome:?}");
    let lost = id(&outcome.json());
    assert_eq!((proxy.lost(), made().await), (1, 2));
    let named = env.client.list("volumes", &[("name", "lost")]).await.unwrap().items;
    assert_eq!(named.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(lost)]);

    // Without a wait, the command prints where to look.
    env.simulator.faults(json!([{ "fault": "latency", "ms": 700, "writes": true }])).await;
    let accepted = run(&env, "create volume name=later size_gib=1 --no-wait").await;
    assert!(accepted.err.contains("--wait` waits"), "{accepted:?}");
    let out = accepted.done();
    let operation = lines(&out)[1][0].to_owned();
    let over = run(&env, &format!("operation {operation} --wait")).await.done();
    assert!(lines(&over).contains(&vec!["state", "succeeded"]), "{over}");
    let (_, shown) = over.split_once("gateway show volume ").context("no command").unwrap();
    let shown = shown.split_whitespace().next().unwrap();
    assert_eq!(run(&env, &format!("show volume {shown} -o json")).await.json()["name"], "later");
    env.simulator.heal().await;

    // The command waits for an unavailable front until its timeout.
    env.cluster.front.kill9();
    let url = env.cluster.front.url().to_owned();
    let brief = ["create", "volume", "name=never", "size_gib=1", "--timeout", "1s", "--key", "night-2"];
    gateway_with(&url, &token, &brief, "").await.refused(1, &["cannot be reached key=night-2"]);
    let create = ["create", "volume", "name=patient", "size_gib=1", "--timeout", "60s"];
    let (outcome, ()) = tokio::join!(gateway_with(&url, &token, &create, ""), env.cluster.front.restart());
    assert!(outcome.err.contains("cannot be reached") && outcome.err.contains("trying again"), "{outcome:?}");
    outcome.done();
}
