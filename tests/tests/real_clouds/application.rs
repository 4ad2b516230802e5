//! The life cycle of a small application by one script, on both clouds. No resource may remain.

use std::process::{Command, Output};

use gateway_tests::ledger;

use crate::aws::Aws;
use crate::clouds::Clouds;
use crate::environment::{AWS, Environment, STACK};
use crate::listings;
use crate::openstack::OpenStack;

/// The interval of polls of resources at rest. What changes is polled each second.
const POLLED_SECONDS: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn application_runs_on_openstack_and_ec2_and_leaves_no_resource() {
    let Some(clouds) = Clouds::given() else { return };
    let demo = OpenStack::new(&clouds.keystone, "demo");
    let (env, aws) =
        tokio::join!(Environment::start("application", &clouds, POLLED_SECONDS), Aws::make(&clouds));
    let (stack_before, aws_before) = tokio::join!(demo.left(), aws.left());
    // The script chooses from these.
    listings::wait_fresh(&env.client, &["images", "instance_types", "networks"]).await;
    let outcomes = (run(&env, STACK, Some(&env.demo.id)).await, run(&env, AWS, None).await);
    for (cloud, output) in [(STACK, outcomes.0), (AWS, outcomes.1)] {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        println!("{cloud}\n{}", text(&output.stdout));
        assert!(output.status.success(), "{cloud}: {}", text(&output.stderr));
    }
    let (stack_after, aws_after) = tokio::join!(demo.left(), aws.left());
    for (before, after) in [(stack_before, stack_after), (aws_before, aws_after)] {
        let left: Vec<_> = after.symmetric_difference(&before).collect();
        assert!(!before.is_empty() && left.is_empty(), "{left:?}");
    }
    ledger::ran_on(ledger::MYSQL_RABBITMQ, "application");
}

/// Runs the script at one cloud to its end.
async fn run(env: &Environment, cloud: &'static str, account: Option<&str>) -> Output {
    let mut command = Command::new("python3");
    command.args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_clouds/application.py")]);
    command.args([env.client.base(), env.client.token.as_ref().unwrap(), cloud]).args(account);
    tokio::task::spawn_blocking(move || command.output().expect("python3 is installed")).await.unwrap()
}
