//! The life cycle of a small application by one script, on both clouds. No resource may remain.

use std::collections::BTreeSet;
use std::process::Command;

use futures_util::future::join_all;
use gateway_tests::ledger;

use crate::aws::Aws;
use crate::clouds::Clouds;
use crate::environment::{AWS, Environment, STACK};
use crate::openstack::OpenStack;

/// The lists of all resources that an application could leave, as arguments of the `openstack` command.
const AT_OPENSTACK: [&[&str]; 12] = [
    &["server", "list"],
    &["volume", "list"],
    &["volume", "snapshot", "list"],
    &["image", "list", "--private"],
    &["keypair", "list"],
    &["network", "list"],
    &["subnet", "list"],
    &["router", "list"],
    &["port", "list"],
    &["floating", "ip", "list"],
    &["security", "group", "list"],
    &["security", "group", "rule", "list"],
];

#[tokio::test(flavor = "multi_thread")]
async fn application_runs_on_openstack_and_ec2_and_leaves_no_resource() {
    let Some(clouds) = Clouds::given() else { return };
    let env = Environment::start("application", &clouds, 5).await;
    let demo = OpenStack::new(&clouds.keystone, "demo");
    let aws = Aws::make(&clouds).await;
    let stack_before = at_openstack(&demo).await;
    let aws_before = aws.left().await;
    run(&env, STACK, Some(&env.demo.id)).await;
    run(&env, AWS, None).await;
    let left: Vec<_> = at_openstack(&demo).await.symmetric_difference(&stack_before).cloned().collect();
    assert!(left.is_empty(), "{left:?}");
    let left: Vec<_> = aws.left().await.symmetric_difference(&aws_before).cloned().collect();
    assert!(left.is_empty(), "{left:?}");
    ledger::ran_on(ledger::MYSQL_RABBITMQ, "application");
}

async fn run(env: &Environment, cloud: &'static str, account: Option<&str>) {
    let mut command = Command::new("python3");
    command.args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_clouds/application.py")]);
    command.args([env.client.base(), env.client.token.as_ref().unwrap(), cloud]).args(account);
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("python3 is installed")).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    println!("{cloud}\n{}", text(&output.stdout));
    assert!(output.status.success(), "{cloud}: {}", text(&output.stderr));
}

/// Returns the ids of all resources that could remain.
async fn at_openstack(demo: &OpenStack) -> BTreeSet<String> {
    let lists = AT_OPENSTACK.map(|list| async move {
        let column: &'static str = if list[0] == "keypair" { "Name" } else { "ID" };
        let arguments = [list, &["-f", "value", "-c", column]].concat();
        let ids = demo.run_async(&arguments).await;
        ids.split_whitespace().map(|id| format!("{} {id}", list[0])).collect::<Vec<_>>()
    });
    // Concurrently, because each command needs seconds to start.
    join_all(lists).await.into_iter().flatten().collect()
}
