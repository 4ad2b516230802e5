//! A cloud with one service that has one recorded answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use driver_openstack::OpenStack;
use gateway_core::access::credential::Credential;
use gateway_core::clock::{Clock as _, SystemClock};
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver as _, ListScope, Session, SessionContext};
use gateway_core::error::Result;
use gateway_core::id::{CloudId, Region};
use gateway_core::secret::Secret;
use serde_json::{Map, Value, json};

use super::recordings::{Answer, Recording, Service};

/// The parameters of further passes, whose answers are empty.
const FURTHER_PASSES: [&str; 3] = ["shared=true", "router%3Aexternal=true", "os_hidden=true"];

pub(crate) struct RecordedCloud(Arc<dyn Session>);

struct Answers {
    address: String,
    service: Service,
    project: &'static str,
    user: &'static str,
    /// The path of the recorded answer.
    path: String,
    /// The key of its list; `None` if it has none.
    key: Option<&'static str>,
    pages: Vec<Value>,
}

impl Answers {
    fn token(&self) -> Response {
        let now = SystemClock.now();
        let url = format!("{}{}", self.address, self.service.path(self.project));
        let body = json!({"token": {
            "issued_at": now, "expires_at": now.plus(Duration::from_secs(3600)),
            "user": {"id": self.user}, "project": {"id": self.project, "name": "recorded"},
            "catalog": [{"type": self.service.name(), "endpoints": [{
                "interface": "public", "region": "One", "region_id": "One", "url": url,
            }]}],
        }});
        (StatusCode::CREATED, [("x-subject-token", "token")], Json(body)).into_response()
    }

    fn page(&self, query: &str) -> Value {
        let Some(key) = self.key else { return self.pages[0].clone() };
        let is_further = FURTHER_PASSES.iter().any(|pair| query.split('&').any(|other| other == *pair));
        let page = usize::from(query.split('&').any(|pair| pair.starts_with("marker=")));
        let page = self.pages.get(page).filter(|_| !is_further);
        page.cloned().unwrap_or_else(|| json!({ key: [] }))
    }
}

async fn answer(State(cloud): State<Arc<Answers>>, method: Method, uri: Uri, query: RawQuery) -> Response {
    let known = match uri.path() {
        "/v3/auth/tokens" if method == Method::POST => return cloud.token(),
        path if path == cloud.path => cloud.page(&query.0.unwrap_or_default()),
        "/compute/v2.1/" => json!({"version": {"id": "v2.1", "min_version": "2.1", "version": "2.1"}}),
        "/volume/v3/" => json!({"versions": [{"id": "v3.0", "min_version": "3.0", "version": "3.0"}]}),
        // The interfaces of routers.
        "/network/v2.0/ports" => json!({"ports": []}),
        path => return (StatusCode::IM_A_TEAPOT, format!("{path} is not {}", cloud.path)).into_response(),
    };
    Json(known).into_response()
}

impl RecordedCloud {
    pub(crate) async fn start(recording: &Recording, pages: &[Value]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers = Answers {
            address: address.clone(),
            service: recording.service,
            project: recording.project,
            user: recording.user,
            path: format!("{}/{}", recording.service.path(recording.project), recording.path),
            key: match recording.answer {
                Answer::List { key, .. } => Some(key),
                Answer::One { .. } | Answer::Quotas { .. } => None,
            },
            pages: pages.to_vec(),
        };
        let router = Router::new().fallback(answer).with_state(Arc::new(answers));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let cloud = CloudSpec {
            id: CloudId::generate(),
            name: "recorded".to_owned(),
            endpoint: address,
            regions: Vec::new(),
            allowed_hosts: Vec::new(),
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 100.0,
            timeout: Duration::from_secs(10),
            options: Map::new(),
        };
        let credential = Credential::Password {
            username: "demo".to_owned(),
            password: Secret::new("demo"),
            user_domain: None,
            project: "demo".to_owned(),
            project_domain: None,
        };
        let link = SessionContext::unpaced(Arc::new(SystemClock));
        Self(OpenStack.open(Arc::new(cloud), credential, link).unwrap())
    }

    /// Reads the whole listing, or the single document.
    pub(crate) async fn read(&self, recording: &Recording) -> Result<Vec<Observed>> {
        let (region, kind) = (Region::new("One"), recording.kind);
        if let Answer::One { native_key, .. } = recording.answer {
            return Ok(self.0.get(&region, kind, native_key).await?.into_iter().collect());
        }
        let (mut items, mut page) = (Vec::new(), None);
        loop {
            let answer = self.0.list(&region, kind, ListScope::Own, page.as_ref()).await?;
            items.extend(answer.items);
            page = answer.next;
            if page.is_none() {
                return Ok(items);
            }
        }
    }
}
