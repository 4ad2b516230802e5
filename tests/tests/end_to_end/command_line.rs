//! The command line as a client of the API: login, reading and following, as a user runs them against `gateway up`.

use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::ensure;
use gateway_core::access::keyring::Keyring;
use gateway_core::access::token::{self, Claims};
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::config::Config;
use gateway_core::id::TokenId;
use gateway_store::Store;
use gateway_tests::{Child, Gateway, Program, Settings, Simulator, cli, gateway, until};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::environment::{CLOUD, SOON};

/// Instances of each account. Both accounts together have more than two pages of 1000.
const INSTANCES: &str = "1100";

#[tokio::test]
async fn command_line_logs_in_lists_shows_and_follows() {
    let mut shell = Shell::start().await;
    login(&shell).await;
    login_at_terminal(&shell).await;
    lists(&shell).await;
    shows(&shell).await;
    refusals(&shell).await;
    shell = events(shell).await;
    purged(&shell).await;
    shell.assert_no_secret_is_printed();
}

/// A user's shell: a gateway, a home directory, and the output of all commands so far.
struct Shell {
    simulator: Simulator,
    gateway: Gateway,
    settings: Settings,
    keyring: PathBuf,
    client_id: String,
    client_secret: String,
    written: RefCell<String>,
    directory: TempDir,
}

/// The outcome of a command.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Shell {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name).display().to_string();
        let settings = Settings::default()
            .with("database.url", format!("sqlite:{}", file("gateway.db")))
            .with("bus.url", "memory:")
            .with("keyring.file", file("keyring.json"))
            // The gateway is killed once. Its leases then last this long.
            .with("poller.lease_seconds", 10)
            .with("relay.lease_seconds", 3)
            .with("poller.interval_seconds", 1)
            .with("poller.moving_interval_seconds", 1);
        let accounts = ["--account", "demo:demo-secret", "--account", "other:other-secret"];
        let size = ["--instances", INSTANCES, "--volumes", "12", "--images", "3", "--public-images", "4"];
        let simulator = Simulator::with(&[&size[..], &accounts].concat()).await;
        cli::text(&settings, &["migrate"]).await;
        let made = cli::json(&settings, &["client", "create", "laptop", "--json"]).await;
        let add = ["cloud", "add", CLOUD, "--driver", "simulator", "--endpoint", simulator.url(), "--json"];
        cli::json(&settings, &add).await;
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        Self {
            gateway: Gateway::role("up", &settings).await,
            keyring: file("keyring.json").into(),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
            written: RefCell::default(),
            simulator,
            settings,
            directory,
        }
    }

    fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    fn session(&self) -> PathBuf {
        self.home().join(".config/gateway/session.json")
    }

    fn token(&self) -> String {
        let text = std::fs::read_to_string(self.session()).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["token"].as_str().unwrap().to_owned()
    }

    /// Runs a command.
    async fn run(&self, line: &str) -> Outcome {
        self.run_with(line, &[], "").await
    }

    /// Runs a command with variables and standard input.
    async fn run_with(&self, line: &str, variables: &[(&str, &str)], input: &str) -> Outcome {
        let mut command = Command::new(gateway::binary());
        command.args(line.split_whitespace()).env_clear().env("HOME", self.home());
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // The command may end before it reads.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let outcome =
            Outcome { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        self.written.borrow_mut().push_str(&format!("{}{}", outcome.out, outcome.err));
        assert!(!outcome.out.contains('\u{1b}') && !outcome.err.contains('\u{1b}'), "colours: {outcome:?}");
        outcome
    }

    /// Returns the standard output of a command that must succeed.
    async fn out(&self, line: &str) -> String {
        let outcome = self.run(line).await;
        assert_eq!(outcome.code, Some(0), "gateway {line}: {outcome:?}");
        outcome.out
    }

    async fn json(&self, line: &str) -> Value {
        let out = self.out(line).await;
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("gateway {line}: {error} in {out}"))
    }

    async fn ids(&self, line: &str) -> Vec<String> {
        self.out(&format!("{line} -o ids")).await.lines().map(str::to_owned).collect()
    }

    /// Starts a command without waiting for its end.
    fn spawn(&self, line: &str) -> Child {
        let program = Program::new("follower", gateway::binary(), self.directory.path())
            .arguments(line.split_whitespace())
            .variable("HOME", self.home().display());
        Child::start(program)
    }

    /// Asserts that no command printed a secret and that the session stores only the token.
    fn assert_no_secret_is_printed(&self) {
        let written = self.written.borrow();
        assert!(written.len() > 100_000, "the commands have printed something");
        let session = std::fs::read_to_string(self.session()).unwrap();
        for secret in [self.client_secret.as_str(), "demo-secret", "other-secret"] {
            assert!(!written.contains(secret), "{secret} was printed");
            assert!(!session.contains(secret), "{secret} is stored");
        }
        assert!(!written.contains(&self.token()), "the token was printed");
    }
}

fn lines(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

fn credential(name: &str, secret: &str) -> Value {
    let credential = json!({"method": "access_key", "access_key_id": name, "secret_access_key": secret});
    json!({"cloud": CLOUD, "credential": credential})
}

async fn login(shell: &Shell) {
    let early = shell.run("list volumes").await;
    assert_eq!(early.code, Some(1));
    assert!(early.err.contains("gateway login"), "{early:?}");

    let (url, id, secret) = (shell.gateway.url(), shell.client_id.clone(), shell.client_secret.clone());
    let at = format!("login --url {url}/ --client-id {id}");
    let from_environment = [("GATEWAY_CLIENT_SECRET", secret.as_str())];
    let from = |name: &str, credentials: &Value| {
        let file = shell.directory.path().join(name);
        std::fs::write(&file, credentials.to_string()).unwrap();
        format!("--credential {}", file.display())
    };

    // No valid credential: the problem, each reason, and no session.
    let wrong = from("wrong.json", &credential("demo", "guessed-secret"));
    let outcome = shell.run_with(&format!("{at} {wrong}"), &from_environment, "").await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.err.contains("Credentials refused: no credential was accepted"), "{outcome:?}");
    assert!(outcome.err.contains("rejected: sim: refused"), "{outcome:?}");
    assert!(!outcome.err.contains("guessed-secret") && !shell.session().exists());

    // A file with one credential, and standard input with several, one of them wrong.
    let demo = from("demo.json", &credential("demo", "demo-secret"));
    let several = json!([credential("other", "other-secret"), credential("nobody", "guessed-secret")]);
    let outcome =
        shell.run_with(&format!("{at} {demo} --credential -"), &from_environment, &several.to_string()).await;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let accounts = lines(&outcome.out);
    assert_eq!(accounts[0], ["ACCOUNT", "NAME", "CLOUD", "EXTERNAL_ID"]);
    let mut names: Vec<_> = accounts[1..].iter().map(|row| row[1]).collect();
    names.sort_unstable();
    assert_eq!(names, ["demo", "other"], "{outcome:?}");
    assert!(outcome.err.contains("rejected: sim: refused"), "{outcome:?}");
    assert!(outcome.err.contains(&format!("logged in to {url} until ")), "{outcome:?}");
    let mode = std::fs::metadata(shell.session()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600, "{mode:o}");

    // Without a credential: a new token for both accounts at the last gateway. The secret is piped.
    let before = shell.token();
    let outcome = shell.run_with("login -o json", &[], &format!("{secret}\n")).await;
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let answer: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(answer["accounts"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_ne!(shell.token(), before);

    let outcome = shell.run_with("login", &[("GATEWAY_CLIENT_SECRET", "another")], "").await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("Client refused: "), "{outcome:?}");
    let outcome = shell.run_with("login --url http://gateway.example", &from_environment, "").await;
    assert!(outcome.code == Some(1) && outcome.err.contains("--allow-plaintext"), "{outcome:?}");
    let help = shell.run_with("login --help", &from_environment, "").await;
    assert!(help.out.contains("GATEWAY_CLIENT_SECRET") && !help.out.contains(&secret), "{help:?}");
    assert_eq!(shell.run_with("list image", &[], "").await.code, Some(0), "the session is unchanged");
}

/// Asserts that the secret is asked for at a terminal and not echoed.
async fn login_at_terminal(shell: &Shell) {
    let screen = shell.directory.path().join("screen");
    let seen = || std::fs::read_to_string(&screen).unwrap_or_default();
    let login = format!("{} login", gateway::binary().display());
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--return", "--command", &login]).arg(&screen);
    script.env_remove("NO_COLOR").env("HOME", shell.home());
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    until("the prompt", SOON, || async {
        ensure!(seen().contains("the client's secret: "), "{}", seen());
        Ok(())
    })
    .await;
    let answer = format!("{}\n", shell.client_secret);
    script.stdin.as_mut().unwrap().write_all(answer.as_bytes()).await.unwrap();
    let status = script.wait().await.unwrap();
    assert!(status.success() && seen().contains("\u{1b}[1mACCOUNT"), "{status} {}", seen());
    shell.written.borrow_mut().push_str(&seen());
}

async fn lists(shell: &Shell) {
    until("both accounts to be listed", SOON, || async {
        for kind in ["instance", "volume", "image"] {
            let outcome = shell.run(&format!("list {kind} --limit 1")).await;
            ensure!(outcome.err.starts_with("as of ") && outcome.err.lines().count() == 2, "{outcome:?}");
        }
        Ok(())
    })
    .await;

    // A table has a header and 50 rows. Its freshness goes to standard error.
    let outcome = shell.run("list instances").await;
    let rows = lines(&outcome.out);
    assert_eq!(rows[0][..6], ["ID", "NAME", "STATE", "CLOUD", "REGION", "TYPE"], "{}", outcome.out);
    assert_eq!(rows.len(), 51);
    assert!(rows[1..].iter().all(|row| row.len() == rows[0].len() && row[3..5] == [CLOUD, "north"]));
    assert!(outcome.err.contains(" s ago; position "), "{outcome:?}");
    assert!(outcome.err.contains("there are more; --all shows them"), "{outcome:?}");

    // All pages, in both spellings of the kind and in each form.
    let all = shell.ids("list instance --all").await;
    let mut different = all.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!((all.len(), different.len()), (2200, 2200));
    assert_eq!(shell.ids("list instances --limit 1500").await, all[..1500]);
    let whole = shell.json("list instances --all -o json").await;
    let whole = whole.as_array().unwrap();
    assert_eq!(whole.iter().map(|record| record["id"].as_str().unwrap()).collect::<Vec<_>>(), all);
    assert!(whole.iter().all(|record| record["links"]["self"].is_string() && record["vcpus"].is_u64()));
    assert_eq!(lines(&shell.out("list instances --all").await).len(), 2201);

    // Filters and sorting.
    let stopped = shell.json("list instance --state stopped --all -o json").await;
    let expected = whole.iter().filter(|record| record["state"] == "stopped").count();
    assert!(expected > 0 && stopped.as_array().unwrap().len() == expected);
    let image = whole[0]["image"]["id"].as_str().unwrap();
    let found = shell.ids(&format!("list instance --filter image={image} --all")).await;
    let expected: Vec<_> = whole.iter().filter(|record| record["image"]["id"] == image).collect();
    assert!(!expected.is_empty() && expected.len() < whole.len() && found.len() == expected.len());
    let found = shell.json("list instance --tag role=db --q B-0000 --sort -name -o json").await;
    let names: Vec<_> =
        found.as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("db-0000")), "{names:?}");
    assert!(names.is_sorted_by(|a, b| a >= b), "{names:?}");
    assert_eq!(shell.json("list volume --name absent -o json").await, json!([]));
    assert_eq!(lines(&shell.out("list volume --name absent").await).len(), 1, "only a header");

    // Refused filters, and a scope that has failed.
    let outcome = shell.run("list volume --state running").await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("Invalid query parameter: the query parameter `state`"), "{outcome:?}");
    shell.simulator.faults(json!([{"fault": "server_error"}])).await;
    until("the failed scope to be printed", SOON, || async {
        let outcome = shell.run("list volume -o json").await;
        ensure!(outcome.err.contains(&format!("failed: {CLOUD} north ")), "{outcome:?}");
        let records: Value = serde_json::from_str(&outcome.out)?;
        ensure!(records.as_array().map(Vec::len) == Some(24), "known records are listed all the same");
        Ok(())
    })
    .await;
    shell.simulator.heal().await;
}

async fn shows(shell: &Shell) {
    let record = &shell.json("list volume -o json --limit 1").await[0];
    let (id, name) = (record["id"].as_str().unwrap(), record["name"].as_str().unwrap());
    let text = shell.out(&format!("show volume {id}")).await;
    let rows = lines(&text);
    assert_eq!(rows[0], ["id", id], "{text}");
    assert!(rows.contains(&vec!["name", name]), "{text}");
    let related = format!("gateway show volume {id} --related");
    assert!(text.contains("\nlinks:\n") && text.contains(&related), "{text}");
    assert!(!text.contains("cloud_data"), "{text}");
    let raw = shell.json(&format!("show volumes {id} --raw -o json")).await;
    assert!(raw["cloud_data"].is_object() && raw["id"] == id, "{raw}");

    // By name. Volumes of both accounts have the same names; a public image exists once.
    let outcome = shell.run(&format!("show volume {name}")).await;
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), ""), "{outcome:?}");
    let same = shell.ids(&format!("list volume --name {name}")).await;
    assert_eq!(same.len(), 2);
    assert!(same.iter().all(|id| outcome.err.contains(id)), "{outcome:?}");
    let image = shell.json("show image debian-0 -o json").await;
    assert_eq!(image["name"], "debian-0");
    let outcome = shell.run("show image absent").await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("there is no image with the name `absent`"), "{outcome:?}");
    let outcome = shell.run("show image 00000000-0000-4000-8000-000000000000").await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("No such resource: "), "{outcome:?}");

    // Related resources in both directions. The printed command works.
    let used = shell.json("list instance --limit 1 -o json").await;
    let image = used[0]["image"]["id"].as_str().unwrap();
    let text = shell.out(&format!("show image {image} --related")).await;
    let (_, related) = text.split_once("\nrelated:\n").unwrap_or_else(|| panic!("{text}"));
    let rows = lines(related);
    assert_eq!(rows[0], ["RELATION", "KIND", "ID", "NAME", "STATE"]);
    assert!(rows.len() > 50 && rows[1][..2] == ["instances", "instance"], "{related}");
    let command = format!("gateway list instances --filter image={image}");
    assert!(text.contains(&format!("there are more instances: {command}")), "{text}");
    assert!(shell.ids(command.trim_start_matches("gateway ")).await.contains(&rows[1][2].to_owned()));
    let both = shell.json(&format!("show image {image} --related -o json")).await;
    assert_eq!(both["record"]["id"], image);
    assert_eq!(both["related"][0]["relation"], "instances");
}

async fn refusals(shell: &Shell) {
    // Usage errors.
    for (line, text) in [
        ("list servers", "instance, instance_type, image, volume"),
        ("show server x", "instance, instance_type, image, volume"),
        ("list volume --filter vcpus=2", "volume_type, datacenter, bootable"),
        ("list volume --limit 0", "--limit"),
        ("list volume --tag env", "KEY=VALUE"),
        ("events --after=-3", "--after"),
    ] {
        let outcome = shell.run(line).await;
        assert_eq!((outcome.code, outcome.out.as_str()), (Some(2), ""), "{line}: {outcome:?}");
        assert!(outcome.err.contains(text), "{line}: {outcome:?}");
    }

    // Tokens from the environment.
    let token = shell.token();
    let keys = Keyring::load(&shell.keyring).unwrap();
    let now = SystemClock.now();
    let claims = Claims {
        sub: shell.client_id.parse().unwrap(),
        iat: now.seconds() - 20,
        exp: now.seconds() - 10,
        jti: TokenId::generate(),
    };
    let expired = token::issue(&keys, &claims, now).unwrap();
    let other = Keyring::generate(now).unwrap();
    let forged = token::issue(&other, &Claims { exp: now.seconds() + 60, ..claims }, now).unwrap();
    for (token, detail) in
        [(expired.expose(), "the token has expired"), (forged.expose(), "the token's signature is not valid")]
    {
        for line in ["list volume", "show volume data-00000", "events --follow", "events --after 0"] {
            let outcome = shell.run_with(line, &[("GATEWAY_TOKEN", token)], "").await;
            assert_eq!((outcome.code, outcome.out.as_str()), (Some(1), ""), "{line}: {outcome:?}");
            let text = format!("Token refused: {detail}; log in again with `gateway login`");
            assert!(outcome.err.contains(&text), "{line}: {outcome:?}");
        }
    }

    // A stored token is sent only to its own gateway. The environment may set both.
    let nowhere = "http://127.0.0.1:1";
    let outcome = shell.run_with("list volume", &[("GATEWAY_URL", nowhere)], "").await;
    assert!(outcome.code == Some(1) && outcome.err.contains("the last login is at"), "{outcome:?}");
    let outcome =
        shell.run_with("list volume", &[("GATEWAY_URL", nowhere), ("GATEWAY_TOKEN", "t")], "").await;
    assert!(outcome.code == Some(1) && outcome.err.contains("cannot be reached"), "{outcome:?}");
    let elsewhere = shell.directory.path().join("elsewhere").display().to_string();
    let both =
        [("GATEWAY_URL", shell.gateway.url()), ("GATEWAY_TOKEN", token.as_str()), ("HOME", &elsewhere)];
    assert_eq!(
        shell.run_with("list volume", &both, "").await.code,
        Some(0),
        "the environment needs no session"
    );
    assert!(!Path::new(&elsewhere).exists());
}

/// Follows the events of a cloud, through a restart of the gateway, until Ctrl-C.
async fn events(mut shell: Shell) -> Shell {
    let quiet = shell.run("events").await;
    assert_eq!((quiet.code, quiet.out.as_str()), (Some(0), ""), "{quiet:?}");
    let (_, start) = quiet.err.trim().rsplit_once("--after ").unwrap();

    let mut follower = shell.spawn("events --follow");
    follower.wait_log("following from position", SOON).await;
    shell.simulator.control("POST", "vanish", &json!({"kind": "volume", "count": 1})).await;
    // The event of its attachment may come first.
    let line = follower.wait_log(" volume ", SOON).await;
    assert!(line.contains("deleted") && line.contains("sim/north"), "{line}");

    shell.gateway.kill9();
    follower.wait_log("trying again until it is back", SOON).await;
    shell.gateway.restart().await;
    follower.wait_log("the gateway is back", SOON).await;
    shell.simulator.control("POST", "vanish", &json!({"kind": "image", "count": 1})).await;
    follower.wait_log(" image ", SOON).await;
    let pid = rustix::process::Pid::from_raw(i32::try_from(follower.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    follower.wait_log("continue with --after", SOON).await;
    assert_eq!(follower.terminate().code(), Some(0), "{}", follower.log());
    assert_eq!(follower.log().matches("trying again").count(), 1, "printed once: {}", follower.log());

    // The same events again, of one kind, as JSON.
    let out = shell.out(&format!("events --after {start} --kind image -o json")).await;
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 1, "{out}");
    assert_eq!(events[0]["type"], "gateway.resource.deleted");
    assert_eq!(events[0]["data"]["kind"], "image");
    let table = shell.out(&format!("events --after {start}")).await;
    let rows = lines(&table);
    assert_eq!(rows[0][..4], ["TIME", "POSITION", "CHANGE", "KIND"]);
    assert!(rows[1..].iter().any(|row| row[2..4] == ["deleted", "volume"]), "{table}");
    shell
}

async fn purged(shell: &Shell) {
    let mut config = Config::default();
    config.database.url = shell.settings.get("database.url").unwrap().to_owned();
    let store = Store::open(&config.database, Arc::new(SystemClock)).unwrap();
    assert!(store.events_purge(SystemClock.now(), i64::from(i32::MAX)).await.unwrap() > 0);
    for line in ["events --after 0", "events --after 0 --follow"] {
        let outcome = shell.run(line).await;
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(
            outcome.err.contains("Position expired: events after position 0 are no longer kept"),
            "{outcome:?}"
        );
    }
}
