//! A fake cloud with one flavor, whose Keystone and Nova check tokens as the real ones do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use driver_openstack::OpenStack;
use gateway_core::access::credential::Credential;
use gateway_core::clock::{Clock, ManualClock, Timestamp};
use gateway_core::driver::{CloudSpec, Driver, Session, SessionContext};
use gateway_core::id::CloudId;
use gateway_core::secret::Secret;
use serde_json::{Map, Value, json};

pub(crate) struct FakeCloud {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) clock: ManualClock,
    switches: Arc<Switches>,
}

struct Switches {
    clock: ManualClock,
    nova: Mutex<String>,
    others: Vec<(&'static str, String)>,
    logins: AtomicUsize,
    issued: AtomicUsize,
    /// The number of the last refused token.
    revoked: AtomicUsize,
    keystone_refuses: Mutex<bool>,
    service_refuses: Mutex<bool>,
}

impl FakeCloud {
    /// Starts a cloud with Nova only.
    pub(crate) async fn start() -> Self {
        Self::with(&[], Router::new()).await
    }

    /// Starts a cloud with further services, by type and path, and their routes.
    pub(crate) async fn with(services: &[(&'static str, &'static str)], more: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let clock = ManualClock::at(Timestamp::from_seconds(1_800_000_000));
        let switches = Arc::new(Switches {
            clock: clock.clone(),
            nova: Mutex::new(format!("{address}/v2.1")),
            others: services.iter().map(|(kind, path)| (*kind, format!("{address}{path}"))).collect(),
            logins: AtomicUsize::new(0),
            issued: AtomicUsize::new(0),
            revoked: AtomicUsize::new(0),
            keystone_refuses: Mutex::new(false),
            service_refuses: Mutex::new(false),
        });
        let router = Router::new()
            .route("/v3/auth/tokens", post(issue))
            .route("/v2.1/", get(versions))
            .route("/v2.1/flavors/detail", get(flavors))
            .with_state(switches.clone())
            .merge(more)
            .layer(map_response_with_state(switches.clone(), dated));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { session: open(&address, &clock), clock, switches }
    }

    /// Returns the number of logins, also refused ones.
    pub(crate) fn logins(&self) -> usize {
        self.switches.logins.load(Ordering::SeqCst)
    }

    /// Returns the number of issued tokens.
    pub(crate) fn issued(&self) -> usize {
        self.switches.issued.load(Ordering::SeqCst)
    }

    /// Revokes every token issued so far.
    pub(crate) fn revoke(&self) {
        self.switches.revoked.store(self.issued(), Ordering::SeqCst);
    }

    pub(crate) fn keystone_refuses(&self, refuses: bool) {
        *self.switches.keystone_refuses.lock().unwrap() = refuses;
    }

    pub(crate) fn service_refuses(&self, refuses: bool) {
        *self.switches.service_refuses.lock().unwrap() = refuses;
    }

    pub(crate) fn move_nova_to(&self, address: &str) {
        address.clone_into(&mut self.switches.nova.lock().unwrap());
    }
}

fn open(address: &str, clock: &ManualClock) -> Arc<dyn Session> {
    let cloud = CloudSpec {
        id: CloudId::generate(),
        name: "fake".to_owned(),
        endpoint: address.to_owned(),
        regions: Vec::new(),
        allowed_hosts: Vec::new(),
        allow_plaintext: false,
        require_date: true,
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
    OpenStack.open(Arc::new(cloud), credential, SessionContext::unpaced(Arc::new(clock.clone()))).unwrap()
}

fn refusal(message: &str) -> Response {
    let error = json!({"error": {"code": 401, "title": "Unauthorized", "message": message}});
    (StatusCode::UNAUTHORIZED, Json(error)).into_response()
}

/// Sets `Date` to the clock that the test moves.
async fn dated(State(cloud): State<Arc<Switches>>, mut response: Response) -> Response {
    let now = UNIX_EPOCH + Duration::from_secs(cloud.clock.now().seconds() as u64);
    response.headers_mut().insert("date", httpdate::fmt_http_date(now).parse().unwrap());
    response
}

async fn issue(State(cloud): State<Arc<Switches>>) -> Response {
    cloud.logins.fetch_add(1, Ordering::SeqCst);
    if *cloud.keystone_refuses.lock().unwrap() {
        return refusal("The request you have made requires authentication.");
    }
    let number = cloud.issued.fetch_add(1, Ordering::SeqCst) + 1;
    let (issued_at, nova) = (cloud.clock.now(), cloud.nova.lock().unwrap().clone());
    let service = |(kind, url): (&str, &str)| {
        let endpoint = json!({"interface": "public", "region": "One", "region_id": "One", "url": url});
        json!({"type": kind, "endpoints": [endpoint]})
    };
    let others = cloud.others.iter().map(|(kind, url)| (*kind, url.as_str()));
    let catalog: Vec<Value> = [("compute", nova.as_str())].into_iter().chain(others).map(service).collect();
    let body = json!({"token": {
        "issued_at": issued_at, "expires_at": issued_at.plus(Duration::from_secs(3600)),
        "user": {"id": "u1"}, "project": {"id": "p1", "name": "demo"},
        "catalog": catalog,
    }});
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    response.headers_mut().insert("x-subject-token", number.to_string().parse().unwrap());
    response
}

async fn versions() -> Json<Value> {
    Json(json!({"version": {"id": "v2.1", "min_version": "2.1", "version": "2.93"}}))
}

async fn flavors(State(cloud): State<Arc<Switches>>, headers: HeaderMap) -> Response {
    let token: usize = headers["x-auth-token"].to_str().unwrap().parse().unwrap();
    assert_eq!(headers["openstack-api-version"], "compute 2.93");
    if *cloud.service_refuses.lock().unwrap() || token <= cloud.revoked.load(Ordering::SeqCst) {
        return refusal("This token is of the wrong region.");
    }
    let flavor = json!({
        "id": "1", "name": "m1.nano", "vcpus": 1, "ram": 64, "disk": 1, "swap": 0,
        "os-flavor-access:is_public": true,
    });
    Json(json!({"flavors": [flavor]})).into_response()
}
