//! The suite of reads.

use std::sync::Arc;

use driver_conformance::{Outcome, Subject};
use driver_simulator::cloud::{AccountOption, Population};
use driver_simulator::{Simulator, SimulatorDriver, SimulatorOptions};

use crate::fixtures::control_endpoint::ControlEndpoint;
use crate::fixtures::{absent_key, access_key, registration};

#[tokio::test]
async fn simulator_driver_passes_the_suite_of_reads() {
    // Three pages of instances, and a second account whose resources must not be seen.
    let options = SimulatorOptions {
        population: Population { instances: 2100, ..Population::default() },
        accounts: vec![
            AccountOption::new("demo", "demo-secret"),
            AccountOption::new("other", "other-secret"),
        ],
        regions: vec!["north".to_owned(), "south".to_owned()],
        ..SimulatorOptions::default()
    };
    let simulator = Simulator::start(options).await.unwrap();
    let subject = Subject::new(SimulatorDriver, registration(&simulator), access_key("demo-secret"))
        .with_wrong_credential(access_key("wrong-secret"))
        .with_faults(Arc::new(ControlEndpoint::of(&simulator)))
        .with_absent_key(absent_key);
    let report = driver_conformance::run(subject).await;
    println!("{report}");
    report.assert_all_passed();
    let skipped = report.entries.iter().filter(|entry| matches!(entry.outcome, Outcome::Skipped(_)));
    assert_eq!(skipped.count(), 0, "every check runs on the simulated cloud:\n{report}");
    simulator.stop().await;
}

#[tokio::test]
async fn exchanged_credentials_fail_the_suite() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let wrong = access_key("wrong-secret");
    let subject = Subject::new(SimulatorDriver, registration(&simulator), wrong)
        .with_wrong_credential(access_key("demo-secret"));
    let report = driver_conformance::run(subject).await;
    assert!(!report.is_success(), "the valid and the wrong credential are exchanged:\n{report}");
    simulator.stop().await;
}
