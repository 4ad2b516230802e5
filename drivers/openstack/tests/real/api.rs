//! The services' own APIs, called without the driver, as the reference of comparisons.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The number of calls, half a second apart, until a resource must have a state.
const SETTLED: usize = 240;

/// A user of the test cloud, in a project.
pub(crate) struct Api {
    pub(crate) project: String,
    pub(crate) user: String,
    /// The user sees its own project only.
    pub(crate) is_member: bool,
    http: Client,
    token: String,
    services: BTreeMap<String, String>,
}

impl Api {
    pub(crate) async fn login(auth_url: &str, user: &str) -> Self {
        Self::login_to(auth_url, user, user).await
    }

    pub(crate) async fn login_to(auth_url: &str, user: &str, project: &str) -> Self {
        let domain = json!({ "name": "Default" });
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": {
                "user": { "name": user, "domain": domain, "password": user } } },
            "scope": { "project": { "name": project, "domain": domain } },
        }});
        let http = Client::new();
        let request = http.post(format!("{auth_url}/auth/tokens")).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let token = answer.headers()["x-subject-token"].to_str().unwrap().to_owned();
        let document: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let services = document["token"]["catalog"].as_array().unwrap().iter().filter_map(|service| {
            let mut endpoints = service["endpoints"].as_array()?.iter();
            let public = endpoints.find(|endpoint| endpoint["interface"] == "public")?;
            Some((text(&service["type"]), text(&public["url"])))
        });
        let (project, id) = (&document["token"]["project"]["id"], &document["token"]["user"]["id"]);
        let (project, user, is_member) = (text(project), text(id), user != "admin");
        Self { project, user, is_member, services: services.collect(), http, token }
    }

    /// Calls a service; the path starts with the service's type in the catalog.
    pub(crate) async fn try_call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let (service, rest) = path.split_once('/').unwrap();
        let base = &self.services[if service == "volume" { "volumev3" } else { service }];
        let version = match service {
            "network" => "/v2.0",
            "image" => "/v2",
            _ => "",
        };
        let form = match method {
            Method::PATCH => "application/openstack-images-v2.1-json-patch",
            _ => "application/json",
        };
        let mut request = self
            .http
            .request(method, format!("{base}{version}/{rest}"))
            .header("x-auth-token", &self.token)
            .header("content-type", form);
        let versions = [("compute", "compute 2.93"), ("volume", "volume 3.70")];
        if let Some((_, microversion)) = versions.iter().find(|(of, _)| *of == service) {
            request = request.header("openstack-api-version", *microversion);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_call(method.clone(), path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    /// Creates one resource, and returns its document.
    pub(crate) async fn create(&self, path: &str, around: &str, document: Value) -> Value {
        let body = json!({ around: document });
        self.call(Method::POST, path, Some(body)).await[around].clone()
    }

    /// Waits until a document has that status.
    pub(crate) async fn settle(&self, path: &str, around: &str, status: &str) {
        self.until(status, path, |answer| answer[around]["status"] == status).await;
    }

    /// Waits until an answer satisfies the condition.
    pub(crate) async fn until(&self, wanted: &str, path: &str, is_so: impl Fn(&Value) -> bool) {
        let mut seen = Value::Null;
        for _ in 0..SETTLED {
            seen = self.get(path).await;
            if is_so(&seen) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{path} does not become {wanted}: {seen}");
    }

    /// Deletes until the resource is gone, and tells whether it is. A resource in use is refused at first.
    pub(crate) async fn remove(&self, path: &str) -> bool {
        for attempt in 0..SETTLED {
            let (status, _) = self.try_call(Method::DELETE, path, None).await;
            if status == 404 {
                return true;
            }
            // Most resources are gone with the answer.
            if status >= 300 || attempt > 0 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        false
    }
}
