//! A client of the cloud itself, beside the driver.

use driver_simulator::RunningSimulator;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// A client of the cloud with a token.
pub(crate) struct User {
    client: Client,
    endpoint: String,
    token: String,
}

impl User {
    pub(crate) async fn of(simulator: &RunningSimulator, account: &str) -> Self {
        driver_kit::install_crypto();
        let mut user = Self { client: Client::new(), endpoint: simulator.endpoint(), token: String::new() };
        let login = json!({ "access_key_id": account, "secret_access_key": format!("{account}-secret") });
        let (status, session) = user.send(Method::POST, "/auth", Some(login)).await;
        assert_eq!(status, StatusCode::CREATED);
        session["token"].as_str().unwrap().clone_into(&mut user.token);
        user
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.endpoint));
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.send(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {value}");
        value
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.endpoint)).bearer_auth(&self.token);
        request.send().await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.send(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {value}");
        value
    }
}
