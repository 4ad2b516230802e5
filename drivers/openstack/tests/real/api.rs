//! The services' own APIs, asked without the driver: what it says is compared with what they say.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};

/// How long a thing may take to come to the state that a test needs, in half seconds.
const SETTLED: usize = 240;

/// One user of the test cloud, in the project of the same name.
pub(crate) struct Api {
    pub(crate) project: String,
    pub(crate) user: String,
    /// Sees no more than its project: not `admin`.
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

    /// What a service answers; its path starts with the type that the catalog has.
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

    /// Makes one thing and tells its document.
    pub(crate) async fn make(&self, path: &str, around: &str, what: Value) -> Value {
        let body = json!({ around: what });
        self.call(Method::POST, path, Some(body)).await[around].clone()
    }

    /// Waits until a document has that status.
    pub(crate) async fn settle(&self, path: &str, around: &str, status: &str) {
        self.until(status, path, |answer| answer[around]["status"] == status).await;
    }

    /// Waits until what is answered is as wanted.
    pub(crate) async fn until(&self, wanted: &str, path: &str, is_so: impl Fn(&Value) -> bool) {
        let mut seen = Value::Null;
        for _ in 0..SETTLED {
            seen = self.get(path).await;
            if is_so(&seen) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{path} does not become {wanted}: it is {seen}");
    }

    /// Deletes until it is gone, and tells whether it is: what is still in use a moment longer is refused at first.
    pub(crate) async fn remove(&self, path: &str) -> bool {
        for attempt in 0..SETTLED {
            let (status, _) = self.try_call(Method::DELETE, path, None).await;
            if status == 404 {
                return true;
            }
            // Most things are gone when it is answered.
            if status >= 300 || attempt > 0 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        false
    }
}
