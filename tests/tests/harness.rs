//! Tests of the harness: servers start, are isolated from each other, end, and restart with their data.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::ensure;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use gateway_tests::{Child, Durability, MariaDb, Program, RabbitMq, group, ports, until};
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;

const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn rows(connection: &mut MysqlConnection) -> i64 {
    diesel::sql_query("SELECT COUNT(*) AS n FROM t").get_result::<Count>(connection).expect("a count").n
}

#[test]
fn free_ports_differ() {
    let mut all: Vec<u16> = (0..50).map(|_| ports::free()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 50);
}

#[tokio::test]
#[should_panic(expected = "waited 50ms for the moon; last: no moon")]
async fn timed_out_wait_reports_condition_and_last_error() {
    until("the moon", Duration::from_millis(50), || async { anyhow::bail!("no moon") }).await
}

#[tokio::test]
async fn databases_of_one_server_are_isolated() {
    let server = MariaDb::shared().await;
    let (one, other) = (server.database("apart"), server.database("apart"));
    one.connect().batch_execute("CREATE TABLE t (i INT); INSERT INTO t VALUES (1)").unwrap();
    other.connect().batch_execute("CREATE TABLE t (i INT)").unwrap();
    assert_eq!((rows(&mut one.connect()), rows(&mut other.connect())), (1, 0));
}

#[tokio::test]
async fn killed_database_keeps_committed_rows() {
    let mut server = MariaDb::start(Durability::EveryCommit).await;
    let database = server.database("kept");
    database.connect().batch_execute("CREATE TABLE t (i INT); INSERT INTO t VALUES (1), (2)").unwrap();
    server.kill9();
    assert!(MysqlConnection::establish(&database.url).is_err(), "the server is stopped");
    server.restart().await;
    assert_eq!(rows(&mut database.connect()), 2);
    assert!(server.child().memory().resident_bytes > 1 << 20);
}

#[tokio::test]
async fn virtual_hosts_of_one_broker_are_isolated() {
    let broker = RabbitMq::shared().await;
    let (one, other) = (broker.vhost("apart").await, broker.vhost("apart").await);
    let channel = one.connect().await.create_channel().await.unwrap();
    channel.queue_declare("mine".into(), durable(), FieldTable::default()).await.unwrap();
    assert_eq!(one.queues().await, ["mine"]);
    assert!(other.queues().await.is_empty());
    assert!(one.exchanges().await.contains(&"amq.topic".to_owned()));
}

#[tokio::test]
async fn killed_broker_keeps_durable_queue_and_messages() {
    let mut broker = RabbitMq::start().await;
    let vhost = broker.vhost("kept").await;
    {
        let channel = vhost.connect().await.create_channel().await.unwrap();
        channel.queue_declare("kept".into(), durable(), FieldTable::default()).await.unwrap();
    }
    // RabbitMQ keeps confirmed messages, but may lose a queue that was declared just before a kill.
    broker.child().terminate();
    broker.restart().await;
    {
        let channel = vhost.connect().await.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let persistent = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish("".into(), "kept".into(), options, b"a", persistent).await.unwrap();
        assert!(sent.await.unwrap().is_ack());
    }
    let leader = broker.child().pid();
    broker.kill9();
    assert_eq!(group::alive(leader), 0, "no process is left, not even the port mapper");
    broker.restart().await;
    assert_eq!(vhost.queues().await, ["kept"]);
    assert_eq!(vhost.ready_messages("kept").await, 1);
}

#[tokio::test]
async fn terminated_child_returns_exit_status_and_log() {
    let directory = tempfile::tempdir().unwrap();
    let script = "trap 'echo bye; exit 7' TERM; echo hello; while :; do sleep 0.05; done";
    let mut child = Child::start(shell(script, directory.path()));
    child.wait_log("hello", TIMEOUT).await;
    assert_eq!(child.terminate().code(), Some(7));
    assert!(child.log().ends_with("bye\n"));
    child.restart();
    assert_eq!(child.wait_log("hello", TIMEOUT).await, "hello");
    assert!(!child.log().contains("bye"), "the log begins at the last start");
    assert!(child.is_running());
}

#[tokio::test]
#[should_panic(expected = "before it wrote \"ready\"\noh no")]
async fn early_end_of_child_is_reported_with_its_log() {
    let directory = tempfile::tempdir().unwrap();
    Child::start(shell("echo oh no", directory.path())).wait_log("ready", TIMEOUT).await;
}

/// Starts this test binary as a parent process, which starts a child and is then killed.
#[tokio::test]
async fn children_of_killed_parent_die() {
    let directory = tempfile::tempdir().unwrap();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent_process", "--ignored"])
        .env("GATEWAY_TEST_PARENT", directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (pid_file, own) = (directory.path().join("pid"), directory.path().join("own"));
    let leader = until("the grandchild", TIMEOUT, || async {
        Ok(std::fs::read_to_string(&pid_file)?.trim().parse::<u32>()?)
    })
    .await;
    assert!(group::alive(leader) > 0);
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the grandchild's end", TIMEOUT, || async {
        ensure!(group::alive(leader) == 0, "{} left", group::alive(leader));
        ensure!(!own.exists(), "the directory is left");
        Ok(())
    })
    .await;
}

#[test]
#[ignore = "started by children_of_killed_parent_die"]
fn parent_process() {
    let Some(directory) = std::env::var_os("GATEWAY_TEST_PARENT") else { return };
    let (directory, own) = (Path::new(&directory), Path::new(&directory).join("own"));
    std::fs::create_dir(&own).unwrap();
    let script = format!("sleep 60 & echo $$ > {0}/new; mv {0}/new {0}/pid; wait", directory.display());
    let _child = Child::start(shell(&script, directory).owning(&own));
    std::thread::sleep(Duration::from_secs(60));
}

fn shell(script: &str, directory: &Path) -> Program {
    Program::new("shell", "sh", directory).arguments(["-c", script])
}

fn durable() -> QueueDeclareOptions {
    QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() }
}
