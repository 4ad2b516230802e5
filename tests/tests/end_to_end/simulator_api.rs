//! Requests to the simulated cloud's own API, without the driver.

use std::collections::BTreeSet;

use gateway_tests::{Simulator, tls};
use serde_json::{Value, json};

/// Returns the ids of a collection that the account `demo` sees, own and published.
pub(crate) async fn ids(simulator: &Simulator, collection: &str) -> BTreeSet<String> {
    let http = tls::http();
    let login = json!({"access_key_id": "demo", "secret_access_key": "demo-secret"});
    let answer = http.post(format!("{}/auth", simulator.url())).json(&login).send().await.unwrap();
    let session: Value = answer.json().await.unwrap();
    let token = session["token"].as_str().unwrap();
    let mut ids = BTreeSet::new();
    for scope in ["own", "published"] {
        let mut marker = String::new();
        loop {
            let url = format!("{}/v1/north/{collection}?scope={scope}&limit=1000{marker}", simulator.url());
            let page: Value = http.get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
            let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
            ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            marker = format!("&marker={next}");
        }
    }
    ids
}

/// Returns the number of instance listings and probes of the cloud.
pub(crate) async fn instance_listings(simulator: &Simulator) -> u64 {
    let stats = simulator.control("GET", "stats", &json!({})).await;
    stats["requests"]["GET instances"].as_u64().unwrap_or_default()
}

/// Waits until faults were applied `times` times, so that requests are affected now.
pub(crate) async fn wait_fault(simulator: &Simulator, times: u64) {
    gateway_tests::until("the fault to be applied", crate::environment::SOON, || async {
        let faults = simulator.control("GET", "faults", &json!({})).await;
        let wait_fault: u64 =
            faults.as_array().into_iter().flatten().filter_map(|f| f["struck"].as_u64()).sum();
        anyhow::ensure!(wait_fault >= times, "{faults}");
        Ok(())
    })
    .await;
}
