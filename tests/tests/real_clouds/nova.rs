//! Nova, asked directly and often: what a server went through.

use std::time::Duration;

use gateway_tests::tls;
use reqwest::Url;
use serde_json::{Value, json};

use crate::words;

/// Between two looks. Shorter than any state that a server passes through.
const PAUSE: Duration = Duration::from_millis(40);

/// The state of a server that is listed no more.
const GONE: &str = "terminated";

/// A token of a user at Nova.
#[derive(Clone, Debug)]
pub(crate) struct Nova {
    http: reqwest::Client,
    compute: String,
    token: String,
    /// The project's id.
    pub(crate) project: String,
}

impl Nova {
    /// Logs in as a user whose project and password have the user's name.
    pub(crate) async fn open(keystone: &str, user: &str) -> Self {
        let (http, domain) = (tls::http(), json!({"name": "Default"}));
        let user = json!({"name": user, "password": user, "domain": domain});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": user["name"], "domain": domain}},
        }});
        let answer = http.post(format!("{keystone}/auth/tokens")).json(&body).send().await.unwrap();
        let token = answer.headers()["x-subject-token"].to_str().unwrap().to_owned();
        let body: Value = answer.json().await.unwrap();
        let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
        let services = each(&body["token"]["catalog"]);
        let compute =
            services.iter().find(|service| service["type"] == "compute").expect("a compute service");
        let endpoints = each(&compute["endpoints"]);
        let public =
            endpoints.iter().find(|endpoint| endpoint["interface"] == "public").expect("a public one");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { http, token, compute: text(&public["url"]), project: text(&body["token"]["project"]["id"]) }
    }

    /// The canonical states of the server of that name, one after the other, from before it is there until
    /// after it is gone.
    pub(crate) async fn life_of(self, name: String) -> Vec<&'static str> {
        let mut url = Url::parse(&format!("{}/servers/detail", self.compute)).unwrap();
        url.query_pairs_mut().append_pair("name", &format!("^{name}$"));
        let mut states: Vec<&'static str> = Vec::new();
        loop {
            let answer = self.http.get(url.clone()).header("X-Auth-Token", &self.token).send().await.unwrap();
            let body: Value = answer.error_for_status().unwrap().json().await.unwrap();
            match body["servers"].as_array().unwrap().first() {
                None if states.is_empty() => {}
                None => {
                    // Nova shows DELETED so briefly that the gateway may see it and we not.
                    if states.last() != Some(&GONE) {
                        states.push(GONE);
                    }
                    return states;
                }
                Some(server) => {
                    let word = |key: &str| server[key].as_str().unwrap_or_default().to_owned();
                    let state = words::of_server(&word("status"), &word("OS-EXT-STS:task_state"));
                    if states.last() != Some(&state) {
                        states.push(state);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
