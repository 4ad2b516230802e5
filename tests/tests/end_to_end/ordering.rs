//! Writes from the command line, as its user types them: what is made, what is refused and in which words, and what a
//! broken line does to it.

mod lossy;

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use gateway_tests::{Cluster, cli, gateway, until};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::stage::{SOON, Stage};
use lossy::Lossy;

/// What came of a command.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Outcome {
    /// Standard output of a command that did its work.
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

    /// It failed, or was wrong in itself, with nothing on standard output and all of these words beside.
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
    // It may end without having read.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs `gateway` at the front of the stage; the line is parted at blanks.
async fn run(stage: &Stage, line: &str) -> Outcome {
    let arguments: Vec<_> = line.split_whitespace().collect();
    let token = stage.client.token.as_ref().unwrap();
    gateway_with(stage.cluster.front.url(), token, &arguments, "").await
}

async fn stage(test: &str) -> Stage {
    Stage::with_cloud(Cluster::plan(test), &["--transit-seconds", "0.2"]).await
}

/// An order for the smallest instance, by names.
async fn smallest(stage: &Stage) -> String {
    let image = stage.public_image().await;
    let instance_type = stage.smallest_type(&image).await;
    let name = |record: &Value| record["name"].as_str().unwrap().to_owned();
    format!("instance_type={} image={}", name(&instance_type), name(&image))
}

async fn until_state(stage: &Stage, path: &str, wanted: &str) {
    until(wanted, SOON, || async {
        let state = stage.client.get(path).await?["state"].clone();
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
async fn an_instance_and_its_volume_live_from_the_command_line() {
    let stage = stage("ordering").await;
    let order = smallest(&stage).await;
    let made = run(&stage, &format!("create instance name=web {order} tags.tier=front -v")).await;
    assert!(made.err.contains("key: ") && made.err.contains("succeeded: operation "), "{made:?}");
    let out = made.done();
    let rows = lines(&out);
    assert_eq!(rows.len(), 2, "{out}");
    assert_eq!((&rows[0][..3], rows[1][1]), (&["ID", "NAME", "STATE"][..], "web"), "{out}");
    let instance = rows[1][0].to_owned();
    let path = format!("/v1/instances/{instance}");
    let seen = stage.client.get(&path).await.unwrap();
    assert_eq!(seen["tags"], json!({ "tier": "front" }));
    until_state(&stage, &path, "running").await;

    // By its name, and as JSON.
    let stopped = run(&stage, "act instance web stop --json").await.json();
    assert_eq!((&stopped["operation"]["verb"], id(&stopped)), (&json!("stop"), instance.clone()));
    let updated =
        run(&stage, &format!("update instance {instance} name=2024 tags.a.b=1 --json")).await.json();
    let record = &updated["resources"][0];
    assert_eq!((&record["name"], &record["tags"]), (&json!("2024"), &json!({ "a.b": "1" })), "{record}");

    // A whole order from standard input; references by name, and the id where the name is that of several.
    let token = stage.client.token.as_ref().unwrap();
    let whole = json!({ "name": "data", "size_gib": 5 }).to_string();
    let create = ["create", "volume", "--order", "-", "--cloud", "sim", "-o", "json"];
    let volume = id(&gateway_with(stage.cluster.front.url(), token, &create, &whole).await.json());
    until_state(&stage, &format!("/v1/volumes/{volume}"), "available").await;
    let attached = run(&stage, "create volume_attachment volume=data instance=2024 --json").await.json();
    let attachment = id(&attached);
    run(&stage, "create volume name=data size_gib=1").await.done();
    let several = run(&stage, &format!("create volume_attachment volume=data instance={instance}")).await;
    several.refused(1, &["/volume: several volumes are called \"data\"", &volume]);

    // What is in use is not deleted, and says what is possible.
    let conflict = run(&stage, &format!("delete volume {volume}")).await;
    conflict.refused(1, &["Invalid state", "in_use", "\n  possible now: ", "\n  key: "]);
    let detached = run(&stage, &format!("delete volume-attachments {attachment}")).await;
    assert!(detached.err.contains("succeeded: operation "), "{detached:?}");
    detached.done();
    until_state(&stage, &format!("/v1/volumes/{volume}"), "available").await;
    let ended = run(&stage, &format!("delete volume absent {volume}")).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for told in ["no volume is called \"absent\"", "succeeded: operation ", "1 of 2 were not deleted"] {
        assert!(ended.err.contains(told), "{told}: {ended:?}");
    }
    until("the volume is gone", SOON, || async {
        let left = stage.client.list("volumes", &[("name", "data")]).await?.items;
        ensure!(left.iter().all(|left| left["id"] != volume), "{left:?}");
        Ok(())
    })
    .await;

    told_afterwards(&stage, &instance).await;
}

/// Operations and the audit tell of what was done.
async fn told_afterwards(stage: &Stage, instance: &str) {
    let out = run(stage, "operations --all").await.done();
    let rows = lines(&out);
    assert_eq!(rows[0][..5], ["ID", "STATE", "VERB", "KIND", "RESOURCE"], "{out}");
    assert!(rows.iter().any(|row| row[1..5] == ["succeeded", "stop", "instance", instance]), "{out}");
    let of_api = run(stage, "operations --state failed --json").await.json();
    assert_eq!(of_api, json!([]), "refused before they were begun");
    let shown = run(stage, &format!("operation {}", rows[1][0])).await.done();
    assert!(lines(&shown).contains(&vec!["state", "succeeded"]), "{shown}");
    let own = run(stage, "audit --json").await.json();
    let own = own.as_array().unwrap();
    assert_eq!(own.len(), 2 * (rows.len() - 1), "each is accepted and succeeds: {own:?}");
    let settings = &stage.cluster.settings;
    let all = cli::json(settings, &["audit", "--store", "--json"]).await;
    assert_eq!(all.as_array().unwrap(), own, "there are no other accounts");
    let last = own[own.len() - 2]["seq"].to_string();
    let text = cli::text(settings, &["audit", "--store", "--after", &last]).await;
    let rows = lines(&text);
    assert_eq!((rows.len(), rows[0][2], rows[1][2]), (2, "CLIENT", "dashboard"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_says_what_is_wrong_and_where() {
    let stage = stage("ordering_wrong").await;
    for (line, told) in [
        ("create datacenter name=x", "nothing can be done"),
        ("create volume name", "NAME=VALUE"),
        ("create volume name=a name=b", "name is given twice"),
        ("create volume name=a --order -", "cannot be used with"),
        ("act volume x stop", "there are create, update, extend, delete"),
        ("act volume x delete", "gateway delete"),
        ("act-all instances stop --filter colour=red --expect 1", "there is no filter"),
        ("act-all instances stop", "--expect"),
        ("create volume name=a --private-key FILE", "for the kind ssh_key"),
        ("delete volume a b --key k", "--key is for one at a time"),
        ("update volume x name=a --key two\u{e4}", "visible ASCII"),
    ] {
        run(&stage, line).await.refused(2, &[told]);
    }
    // Both faults, each with its place.
    let wrong = run(&stage, "create volume name= size_gib=0").await;
    wrong.refused(1, &["Invalid command\n  /name: must be", "\n  /size_gib: must be at least 1\n  key: "]);
    run(&stage, "create volume name=x colour=red").await.refused(1, &["/colour: is not a known field"]);
    run(&stage, "create volume name=x size_gib=1 image=absent")
        .await
        .refused(1, &["/image: no image is called \"absent\""]);
    run(&stage, "create volume name=x size_gib=1 --cloud elsewhere")
        .await
        .refused(1, &["/cloud: must name a cloud"]);
    run(&stage, "create volume name=x size_gib=1 cloud=sim --cloud sim")
        .await
        .refused(1, &["cloud is given twice"]);
    run(&stage, "act-all volumes delete --q data --expect 1")
        .await
        .refused(1, &["this gateway does not delete several volumes at once"]);
    let absent = "7d0d7d90-0000-5000-8000-000000000000";
    run(&stage, &format!("delete volume {absent}")).await.refused(1, &["No such resource", "key: "]);
    run(&stage, &format!("operation {absent}")).await.refused(1, &["No such operation"]);
    assert_eq!(run(&stage, "operations --json").await.json(), json!([]), "nothing was begun");

    // The cloud's own words, and the operation that has them for later.
    stage.simulator.faults(json!([{ "fault": "forbidden", "writes": true, "times": 1 }])).await;
    let refused = run(&stage, "create volume name=x size_gib=1").await;
    let operation = refused.err.split("operation: ").nth(1).and_then(|rest| rest.lines().next());
    let operation = operation.unwrap_or_else(|| panic!("{refused:?}")).to_owned();
    refused.refused(1, &["Forbidden by the cloud", "\n  cloud: ", "\n  key: "]);
    let later = run(&stage, &format!("operation {operation} --wait")).await;
    assert!(later.code == Some(1) && later.err.contains("\n  cloud: "), "{later:?}");
    assert!(lines(&later.out).contains(&vec!["state", "failed"]), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_stopped_at_once_if_they_are_as_many_as_expected() {
    let stage = stage("ordering_many").await;
    let order = smallest(&stage).await;
    run(&stage, &format!("create instance name=many {order} count=3 tags.batch=one")).await.done();
    until("all run", SOON, || async {
        let query = [("tag.batch", "one"), ("state", "running")];
        let running = stage.client.list("instances", &query).await?.items.len();
        ensure!(running == 3, "{running}");
        Ok(())
    })
    .await;
    let all = "act-all instances stop --tag batch=one";
    run(&stage, &format!("{all} --expect 2"))
        .await
        .refused(1, &["The filter finds another number: the filter finds 3, not 2", "\n  key: "]);
    let dry = run(&stage, &format!("{all} --expect 3 --dry-run")).await;
    assert!(dry.err.contains("nothing was done"), "{dry:?}");
    assert!(lines(&dry.done())[1..].iter().all(|row| row[2..] == ["-", "-", "-"]));
    let out = run(&stage, &format!("{all} --expect 3")).await.done();
    let rows = lines(&out);
    assert_eq!(rows[0], ["ID", "NAME", "STATUS", "OPERATION", "PROBLEM"], "{out}");
    assert!(rows.len() == 4 && rows[1..].iter().all(|row| row[2] == "200" && row[4] == "-"), "{out}");
    // Once more: each is refused for itself, and the command with them.
    let again = run(&stage, "act-all instances stop --filter tag.batch=one --expect 3 --json").await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("3 of 3 were refused"), "{again:?}");
    assert_eq!(serde_json::from_str::<Value>(&again.out).unwrap()["failed"], 3, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_comes_twice_is_done_once() {
    let mut stage = stage("ordering_twice").await;
    let token = stage.client.token.clone().unwrap();
    let made = || async {
        let stats = stage.simulator.control("GET", "stats", &json!(null)).await;
        stats["requests"]["POST volumes"].as_u64().unwrap_or_default()
    };
    let once = "create volume name=once size_gib=1 --key night-1 --json";
    let first = run(&stage, once).await.json();
    assert_eq!(id(&run(&stage, once).await.json()), id(&first));
    let other = run(&stage, "create volume name=other size_gib=1 --key night-1").await;
    other.refused(
        1,
        &["The idempotency key belongs to another request", "\n  operation: ", "\n  key: night-1"],
    );
    assert_eq!(made().await, 1);

    // Its answer is lost on the way: it is sent again, and found done.
    let line = Lossy::before(stage.cluster.front.url()).await;
    let create = ["create", "volume", "name=lost", "size_gib=1", "--json"];
    let outcome = gateway_with(line.url(), &token, &create, "").await;
    assert!(outcome.err.contains("trying again with the same key"), "{outcome:?}");
    let lost = id(&outcome.json());
    assert_eq!((line.lost(), made().await), (1, 2));
    let named = stage.client.list("volumes", &[("name", "lost")]).await.unwrap().items;
    assert_eq!(named.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(lost)]);

    // Who does not wait is told where to look.
    stage.simulator.faults(json!([{ "fault": "latency", "ms": 700, "writes": true }])).await;
    let accepted = run(&stage, "create volume name=later size_gib=1 --no-wait").await;
    assert!(accepted.err.contains("--wait` tells"), "{accepted:?}");
    let out = accepted.done();
    let operation = lines(&out)[1][0].to_owned();
    let over = run(&stage, &format!("operation {operation} --wait")).await.done();
    assert!(lines(&over).contains(&vec!["state", "succeeded"]), "{over}");
    let (_, shown) = over.split_once("gateway show volume ").context("no command").unwrap();
    let shown = shown.split_whitespace().next().unwrap();
    assert_eq!(run(&stage, &format!("show volume {shown} -o json")).await.json()["name"], "later");
    stage.simulator.heal().await;

    // A front that is away is waited for, as long as is said and no longer.
    stage.cluster.front.kill9();
    let url = stage.cluster.front.url().to_owned();
    let brief = ["create", "volume", "name=never", "size_gib=1", "--timeout", "1s", "--key", "night-2"];
    gateway_with(&url, &token, &brief, "").await.refused(1, &["cannot be reached key=night-2"]);
    let create = ["create", "volume", "name=patient", "size_gib=1", "--timeout", "60s"];
    let (outcome, ()) = tokio::join!(gateway_with(&url, &token, &create, ""), stage.cluster.front.restart());
    assert!(outcome.err.contains("cannot be reached") && outcome.err.contains("trying again"), "{outcome:?}");
    outcome.done();
}
