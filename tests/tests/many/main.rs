//! Many accounts and many clients: each is served in its time, whatever the others' clouds do.
//!
//! A binary of its own, because it measures: nothing else runs beside it. 3,000 poll targets over 200 accounts in one
//! region; with `GATEWAY_TEST_LONG` 12,000 in four.

// All of this is test code, also what no test attribute marks.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod clients;
mod lateness;
mod published;
mod stage;

use std::time::Instant;

use gateway_tests::cpu::Meter;

use clients::Member;
use lateness::Lateness;
use stage::{ACCOUNTS, HANGING, Size, Stage};

/// The schedule looks for what is due this often at least, in milliseconds: nobody may be later than that.
const TICK_MS: i64 = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_whose_cloud_hangs_delay_none_of_the_others() {
    let size = Size::asked_for();
    let begun = Instant::now();
    let mut stage = Stage::set(size).await;
    println!("many: {ACCOUNTS} accounts proven after {:.0?}", begun.elapsed());
    let clients = clients::register(&stage).await;
    println!("many: {} clients registered after {:.0?}", clients.len(), begun.elapsed());
    let targets = stage.listed_once().await;
    println!("many: {targets} targets listed after {:.0?}", begun.elapsed());
    assert!(targets >= size.least_targets(), "{targets}");
    published::one_record_and_one_event(&stage).await;
    // Everything was due at once in the beginning; what is measured is how it goes on.
    stage.listed_again().await;
    println!("many: all of them once more after {:.0?}", begun.elapsed());

    stage.hang().await;
    let cpu = meter(&mut stage);
    let mut lateness = look_on(&stage, &clients, &cpu, targets).await;
    if lateness.percentile(99) >= TICK_MS {
        // A machine that stood still for a moment is not the schedule: that would do it again.
        println!("many: too late, measured once more");
        lateness = look_on(&stage, &clients, &cpu, targets).await;
    }
    assert_eq!(lateness.unseen, 0, "every target is due at least once in that time");
    assert!(lateness.percentile(99) < TICK_MS, "p99 {} ms", lateness.percentile(99));
    assert!(
        lateness.failed_others.is_empty(),
        "only the accounts that hang fail: {:?}",
        lateness.failed_others
    );
    assert!(lateness.failed_hanging > 0 || lateness.held_by_hanging > 0, "those that hang were asked at all");
    published::still_one(&stage).await;
}

/// Measures for a little more than an interval, while the clients read, and prints what it saw.
async fn look_on(stage: &Stage, clients: &[Member], cpu: &Meter, targets: i64) -> Lateness {
    let (before, window) = (cpu.sample(), stage.size.interval() * 5 / 4);
    let (lateness, reads) =
        tokio::join!(Lateness::measure(stage, window), clients::read_theirs(stage, clients, window));
    let spent = cpu.sample().since(&before);
    let per_second = lateness.others.len() as f64 / window.as_secs_f64();
    println!(
        "many: {targets} targets of {ACCOUNTS} accounts every {:?}, {HANGING} of which hang; {per_second:.0} listings a \
         second for {window:?}: late by p50 {} ms, p99 {} ms, at most {} ms; {reads} reads of {} clients beside",
        stage.size.interval(),
        lateness.percentile(50),
        lateness.percentile(99),
        lateness.percentile(100),
        clients.len(),
    );
    if !lateness.failed_others.is_empty() {
        println!("many: of the others failed: {:?}", lateness.failed_others);
    }
    for (name, time) in &spent.0 {
        println!("many: processor time of {name}: {:.2} cores", time.as_secs_f64() / window.as_secs_f64());
    }
    lateness
}

fn meter(stage: &mut Stage) -> Meter {
    let mut cpu = Meter::default();
    stage.cluster.pollers.iter().for_each(|poller| cpu.add("pollers", poller.pid()));
    cpu.add("relay", stage.cluster.relay.pid());
    stage.cluster.handlers.iter().for_each(|handler| cpu.add("handlers and front", handler.pid()));
    cpu.add("handlers and front", stage.cluster.front.pid());
    let servers = stage.cluster.servers.as_mut().unwrap();
    cpu.add("MariaDB", servers.mariadb.child().pid());
    cpu.add("RabbitMQ", servers.rabbit.child().pid());
    cpu.add("simulated cloud", stage.simulator.child().pid());
    cpu
}
