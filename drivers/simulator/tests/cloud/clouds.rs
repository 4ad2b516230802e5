//! Simulated clouds with a manual clock, and sessions of the driver at them.

use std::sync::Arc;
use std::time::Duration;

use driver_simulator::cloud::{AccountOption, Population};
use driver_simulator::{RunningSimulator, Simulator, SimulatorDriver, SimulatorOptions};
use gateway_core::access::credential::Credential;
use gateway_core::clock::ManualClock;
use gateway_core::driver::{Driver as _, Session, SessionContext};
use gateway_core::secret::Secret;
use gateway_core::{Kind, Timestamp};

use crate::fixtures;

/// Returns the options of a cloud with a manual clock.
pub(crate) fn manual() -> (Arc<ManualClock>, SimulatorOptions) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let options = SimulatorOptions { clock: clock.clone(), ..SimulatorOptions::default() };
    (clock, options)
}

/// Returns the paths of the own and the published listing of a kind.
pub(crate) fn listings(kind: Kind) -> [String; 2] {
    ["own", "published"].map(|scope| format!("/v1/north/{}?limit=1000&scope={scope}", kind.spec().plural))
}

/// Starts a cloud with two accounts and a manual clock.
pub(crate) async fn cloud(population: Population, movement: f64) -> (Arc<ManualClock>, RunningSimulator) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let accounts =
        vec![AccountOption::new("demo", "demo-secret"), AccountOption::new("other", "other-secret")];
    let options = SimulatorOptions {
        clock: clock.clone(),
        accounts,
        population,
        movement,
        // Longer than any test, so that no session logs in twice.
        token_life: Duration::from_secs(1_000_000),
        ..SimulatorOptions::default()
    };
    (clock, Simulator::start(options).await.unwrap())
}

/// Opens a session of an account.
pub(crate) fn session(
    simulator: &RunningSimulator,
    clock: &Arc<ManualClock>,
    account: &str,
) -> Arc<dyn Session> {
    let credential = Credential::AccessKey {
        access_key_id: account.to_owned(),
        secret_access_key: Secret::new(format!("{account}-secret")),
        session_token: None,
    };
    let cloud = Arc::new(fixtures::registration(simulator));
    SimulatorDriver.open(cloud, credential, SessionContext::unpaced(clock.clone())).unwrap()
}
