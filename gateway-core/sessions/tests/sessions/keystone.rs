//! A cloud of Keystone and Glance that counts logins, and checks tokens as the real one does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use gateway_core::access::credential::Credential;
use gateway_core::clock::{Clock as _, ManualClock, Timestamp};
use gateway_core::secret::Secret;
use serde_json::{Value, json};

/// The life of a token.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(3600);

#[derive(Clone)]
pub(crate) struct Keystone {
    pub(crate) url: String,
    state: Arc<Cloud>,
}

struct Cloud {
    clock: ManualClock,
    address: String,
    logins: AtomicUsize,
    /// The project and the end of each token.
    tokens: Mutex<HashMap<String, (String, Timestamp)>>,
    refuses: Mutex<bool>,
}

impl Keystone {
    pub(crate) async fn start(clock: &ManualClock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Cloud {
            clock: clock.clone(),
            address: address.clone(),
            logins: AtomicUsize::new(0),
            tokens: Mutex::default(),
            refuses: Mutex::default(),
        });
        let router = Router::new()
            .route("/v3/auth/tokens", post(log_in))
            .route("/v2/images", get(images))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: address, state }
    }

    /// Returns the credential of a project.
    pub(crate) fn credential(project: usize) -> Credential {
        Credential::Password {
            username: "demo".to_owned(),
            password: Secret::new("demo"),
            user_domain: None,
            project: project.to_string(),
            project_domain: None,
        }
    }

    /// Returns the number of logins, also refused ones.
    pub(crate) fn logins(&self) -> usize {
        self.state.logins.load(Ordering::SeqCst)
    }

    /// Revokes every token issued so far.
    pub(crate) fn revoke(&self) {
        self.state.tokens.lock().unwrap().clear();
    }

    /// Sets whether logins are refused.
    pub(crate) fn refuse_logins(&self, refuses: bool) {
        *self.state.refuses.lock().unwrap() = refuses;
    }
}

fn refusal() -> Response {
    let error = json!({"error": {"code": 401, "title": "Unauthorized", "message": "no"}});
    (StatusCode::UNAUTHORIZED, Json(error)).into_response()
}

/// Adds the `Date` of the clock that the test moves.
fn dated(cloud: &Cloud, mut response: Response) -> Response {
    let now = UNIX_EPOCH + Duration::from_secs(cloud.clock.now().seconds() as u64);
    response.headers_mut().insert("date", httpdate::fmt_http_date(now).parse().unwrap());
    response
}

async fn log_in(State(cloud): State<Arc<Cloud>>, Json(body): Json<Value>) -> Response {
    let number = cloud.logins.fetch_add(1, Ordering::SeqCst);
    if *cloud.refuses.lock().unwrap() {
        return dated(&cloud, refusal());
    }
    let project = body["auth"]["scope"]["project"]["name"].as_str().unwrap().to_owned();
    let (token, issued_at) = (format!("token-{number}"), cloud.clock.now());
    let expires_at = issued_at.plus(TOKEN_LIFE);
    let endpoint = json!({"interface": "public", "region": "One", "url": cloud.address});
    let body = json!({"token": {
        "issued_at": issued_at, "expires_at": expires_at, "user": {"id": "u"},
        "project": {"id": project, "name": project},
        "catalog": [{"type": "image", "endpoints": [endpoint]}],
    }});
    cloud.tokens.lock().unwrap().insert(token.clone(), (project, expires_at));
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    response.headers_mut().insert("x-subject-token", token.parse().unwrap());
    dated(&cloud, response)
}

async fn images(State(cloud): State<Arc<Cloud>>, headers: HeaderMap) -> Response {
    let known = cloud.tokens.lock().unwrap().get(headers["x-auth-token"].to_str().unwrap()).cloned();
    let response = match known.filter(|(_, expires_at)| cloud.clock.now() < *expires_at) {
        Some(_) => Json(json!({"images": []})).into_response(),
        None => refusal(),
    };
    dated(&cloud, response)
}
