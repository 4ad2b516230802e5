//! What the simulated cloud says of itself, asked in its own API and not through the driver.

use std::collections::BTreeSet;

use gateway_tests::{Simulator, tls};
use serde_json::{Value, json};

/// The ids of a collection as the account `demo` sees it, own and published.
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

/// How often the cloud was asked for whole listings of own instances, or probed for them.
pub(crate) async fn instance_listings(simulator: &Simulator) -> u64 {
    let stats = simulator.control("GET", "stats", &json!({})).await;
    stats["requests"]["GET instances"].as_u64().unwrap_or_default()
}

/// Waits until a fault has struck: somebody is in the middle of it.
pub(crate) async fn struck(simulator: &Simulator, times: u64) {
    gateway_tests::until("the fault to strike", crate::stage::SOON, || async {
        let faults = simulator.control("GET", "faults", &json!({})).await;
        let struck: u64 = faults.as_array().into_iter().flatten().filter_map(|f| f["struck"].as_u64()).sum();
        anyhow::ensure!(struck >= times, "{faults}");
        Ok(())
    })
    .await;
}
