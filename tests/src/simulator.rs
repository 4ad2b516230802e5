//! The simulated cloud, as a process of its own.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::child::{Child, Program};
use crate::wait::until;
use crate::{gateway, ports, tls};

/// Making a large fleet takes a debug build some seconds.
const START: Duration = Duration::from_secs(60);

/// `gateway simulator`, with its control endpoint.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    url: String,
    http: reqwest::Client,
    _directory: TempDir,
}

impl Simulator {
    /// Starts one of the usual size.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with more arguments of `gateway simulator`.
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

    /// The endpoint to register.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks it, until the next call: `[{"fault": "skew", "seconds": 302}]`. An empty list heals it.
    pub async fn faults(&self, faults: Value) {
        self.control("PUT", "faults", &faults).await;
    }

    /// Heals it.
    pub async fn heal(&self) {
        self.faults(json!([])).await;
    }

    /// One call of the control endpoint; returns its answer, null when it is empty.
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

    /// What the cloud itself shows of a collection, asked at its own API: `scope` is `own` or `published`.
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

    /// Its process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    async fn wait_ready(&mut self, address: &str) {
        let (child, mut ended) = (&mut self.child, None);
        until("the simulator to listen", START, || {
            ended = ended.take().or_else(|| child.check().err());
            if let Some(error) = &ended {
                panic!("{error}");
            }
            async move { Ok(tokio::net::TcpStream::connect(address).await.map(drop)?) }
        })
        .await;
    }
}
