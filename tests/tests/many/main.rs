//! Many accounts and many clients: hanging accounts do not delay the others.
//!
//! A separate binary, because it measures and runs alone. 3,000 poll targets of 200 accounts in one region; with
//! `GATEWAY_TEST_LONG` 12,000 in four regions.

// The whole crate is test code.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod clients;
mod environment;
mod lateness;
mod published_image;

use std::time::Instant;

use gateway_tests::cpu::Meter;

use clients::Member;
use environment::{ACCOUNTS, Environment, HANGING, Size};
use lateness::Lateness;

/// The longest interval of the schedule in milliseconds, and so the limit of the lateness.
const TICK_MS: i64 = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_accounts_do_not_delay_other_accounts() {
    let size = Size::from_environment();
    let begun = Instant::now();
    let mut env = Environment::start(size).await;
    println!("many: {ACCOUNTS} accounts proven after {:.0?}", begun.elapsed());
    let clients = clients::register(&env).await;
    println!("many: {} clients registered after {:.0?}", clients.len(), begun.elapsed());
    let targets = env.listed_once().await;
    println!("many: {targets} targets listed after {:.0?}", begun.elapsed());
    assert!(targets >= size.least_targets(), "{targets}");
    published_image::rename_is_one_event(&env).await;
    // After the start, all targets are due at once. The steady state is measured.
    env.listed_again().await;
    println!("many: all of them once more after {:.0?}", begun.elapsed());

    env.hang().await;
    let cpu = meter(&mut env);
    let mut lateness = measure(&env, &clients, &cpu, targets).await;
    if lateness.percentile(99) >= TICK_MS {
        // A short stall of the machine does not repeat; a defect of the schedule does.
        println!("many: too late, measured once more");
        lateness = measure(&env, &clients, &cpu, targets).await;
    }
    assert_eq!(lateness.unseen, 0, "every target is due at least once in the window");
    assert!(lateness.percentile(99) < TICK_MS, "p99 {} ms", lateness.percentile(99));
    assert!(lateness.failed_others.is_empty(), "only hanging accounts fail: {:?}", lateness.failed_others);
    assert!(lateness.failed_hanging > 0 || lateness.held_by_hanging > 0, "hanging accounts were polled");
    published_image::is_stored_once(&env).await;
}

/// Measures for a little more than a poll interval while the clients read. Prints the result.
async fn measure(env: &Environment, clients: &[Member], cpu: &Meter, targets: i64) -> Lateness {
    let (before, window) = (cpu.sample(), env.size.interval() * 5 / 4);
    let (lateness, reads) =
        tokio::join!(Lateness::measure(env, window), clients::read_theirs(env, clients, window));
    let spent = cpu.sample().since(&before);
    let per_second = lateness.others.len() as f64 / window.as_secs_f64();
    println!(
        "many: {targets} targets of {ACCOUNTS} accounts every {:?}, {HANGING} of which hang; {per_second:.0} listings a \
         second for {window:?}: late by p50 {} ms, p99 {} ms, at most {} ms; {reads} reads of {} clients beside",
        env.size.interval(),
        lateness.percentile(50),
        lateness.percentile(99),
        lateness.percentile(100),
        clients.len(),
    );
    if !lateness.failed_others.is_empty() {
        println!("many: failures of other accounts: {:?}", lateness.failed_others);
    }
    for (name, time) in &spent.0 {
        println!("many: processor time of {name}: {:.2} cores", time.as_secs_f64() / window.as_secs_f64());
    }
    lateness
}

fn meter(env: &mut Environment) -> Meter {
    let mut cpu = Meter::default();
    env.cluster.pollers.iter().for_each(|poller| cpu.add("pollers", poller.pid()));
    cpu.add("relay", env.cluster.relay.pid());
    env.cluster.handlers.iter().for_each(|handler| cpu.add("handlers and front", handler.pid()));
    cpu.add("handlers and front", env.cluster.front.pid());
    let servers = env.cluster.servers.as_mut().unwrap();
    cpu.add("MariaDB", servers.mariadb.child().pid());
    cpu.add("RabbitMQ", servers.rabbit.child().pid());
    cpu.add("simulated cloud", env.simulator.child().pid());
    cpu
}
