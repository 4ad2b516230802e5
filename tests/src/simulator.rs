//! Processes of the simulated cloud.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::child::{Child, Program};
use crate::wait::until;
use crate::{gateway, ports, tls};

/// A debug build needs some seconds to create a large fleet.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A `gateway simulator` process with its control endpoint.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    url: String,
    http: reqwest::Client,
    _directory: TempDir,
}

impl Simulator {
    /// Starts a simulator of the default size.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a simulator with more arguments.
    pub async fn with(arguments: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("gateway-simulator-").tempdir().expect("a directory");
        let address = format!("127.0.0.1:{}", ports::free());
        let program = Program::new("simulator", gateway::binary(), directory.path())
            .arguments(["simulator", "--listen", &address])
            .arguments(arguments.iter().copied())
            .variable("NO_COLOR", 1)
            .owning(directory.path());
        let mut simulator = Self {
            child: Child::start(program),
            url: format!("http://{address}"),
            http: tls::http(),
            _directory: directory,
        };
        simulator.wait_ready(&address).await;
        simulator
    }

    /// Returns the endpoint to register.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Replaces the active faults: `[{"fault": "skew", "seconds": 302}]`. An empty list removes all faults.
    pub async fn faults(&self, faults: Value) {
        self.control("PUT", "faults", &faults).await;
    }

    /// Removes all faults.
    pub async fn heal(&self) {
        self.faults(json!([])).await;
    }

    /// Calls the control endpoint and returns its answer; null if the answer is empty.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let method = method.parse().expect("a method of HTTP");
        let answer =
            self.http.request(method, format!("{}/control/{path}", self.url)).json(body).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("/control/{path}: {error}"));
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        assert!(status.is_success(), "/control/{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Lists a collection through the cloud's own API, without the gateway. `scope` is `own` or `published`.
    pub async fn listing(
        &self,
        region: &str,
        collection: &str,
        scope: &str,
        (id, secret): (&str, &str),
    ) -> Vec<Value> {
        let login = json!({ "access_key_id": id, "secret_access_key": secret });
        let session = self.http.post(format!("{}/auth", self.url)).json(&login).send().await;
        let session: Value = session.expect("it answers").json().await.expect("JSON");
        let token = session["token"].as_str().expect("a token");
        let (mut all, mut marker) = (Vec::new(), String::new());
        loop {
            let url = format!("{}/v1/{region}/{collection}?scope={scope}&limit=1000{marker}", self.url);
            let page = self.http.get(url).bearer_auth(token).send().await.expect("it answers");
            let page: Value = page.json().await.expect("JSON");
            all.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next"].as_str() {
                Some(next) => marker = format!("&marker={next}"),
                None => return all,
            }
        }
    }

    /// Returns the process of the simulator.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    async fn wait_ready(&mut self, address: &str) {
        let (child, mut ended) = (&mut self.child, None);
        until("the simulator to listen", START_TIMEOUT, || {
            ended = ended.take().or_else(|| child.check().err());
            if let Some(error) = &ended {
                panic!("{error}");
            }
            async move { Ok(tokio::net::TcpStream::connect(address).await.map(drop)?) }
        })
        .await;
    }
}
