//! A cloud that expects certain calls and answers from a script.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver as _, ListScope, Session, SessionContext};
use gateway_core::id::{CloudId, Region};
use serde_json::Value;

/// An expected call with its answer: parameters that the call must have, status, and document.
pub(crate) type Exchange = (&'static [&'static str], u16, String);

/// The exchanges that are still expected, and a record of the calls.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    pub(crate) expected: Arc<Mutex<VecDeque<Exchange>>>,
    /// The time of signature of each call.
    pub(crate) dates: Arc<Mutex<Vec<String>>>,
    /// The body of each call.
    pub(crate) bodies: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(recorder): State<Recorder>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    // An unexpected call gets a status that no test expects.
    let teapot = |why: String| (StatusCode::IM_A_TEAPOT, why);
    let Some((parameters, status, text)) = recorder.expected.lock().unwrap().pop_front() else {
        return teapot(format!("unexpected {body}"));
    };
    recorder.bodies.lock().unwrap().push(body.clone());
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AK/"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));
    assert_eq!(headers["x-amz-security-token"], "session");
    recorder.dates.lock().unwrap().push(headers["x-amz-date"].to_str().unwrap().to_owned());
    match parameters.iter().find(|parameter| !body.split('&').any(|part| part == **parameter)) {
        Some(missing) => teapot(format!("{missing} is not in {body}")),
        None => (StatusCode::from_u16(status).unwrap(), text),
    }
}

/// The cloud, with a session of the driver.
pub(crate) struct ScriptedCloud {
    pub(crate) recorder: Recorder,
    pub(crate) session: Arc<dyn Session>,
}

impl ScriptedCloud {
    pub(crate) async fn start(options: Value, expected: Vec<Exchange>) -> Self {
        Self::start_with(options, expected, SessionContext::unpaced(Arc::new(SystemClock))).await
    }

    pub(crate) async fn start_with(options: Value, expected: Vec<Exchange>, context: SessionContext) -> Self {
        Self::start_in(vec![], options, expected, context).await
    }

    pub(crate) async fn start_in(
        regions: Vec<Region>,
        options: Value,
        expected: Vec<Exchange>,
        context: SessionContext,
    ) -> Self {
        let recorder = Recorder { expected: Arc::new(Mutex::new(expected.into())), ..Recorder::default() };
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(recorder.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let cloud = CloudSpec {
            id: CloudId::generate(),
            name: "scripted".to_owned(),
            endpoint,
            regions,
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 100.0,
            timeout: Duration::from_secs(10),
            options: options.as_object().cloned().unwrap(),
        };
        let credential = r#"{"method":"access_key","access_key_id":"AK","secret_access_key":"SK","session_token":"session"}"#;
        let session = Ec2.open(Arc::new(cloud), Credential::parse(credential).unwrap(), context).unwrap();
        Self { recorder, session }
    }

    /// Adds exchanges after those that are expected already.
    pub(crate) fn then(&self, expected: Vec<Exchange>) {
        self.recorder.expected.lock().unwrap().extend(expected);
    }

    /// Checks that every expected call was made.
    pub(crate) fn assert_finished(&self) {
        let expected = self.recorder.expected.lock().unwrap();
        assert!(expected.is_empty(), "calls that were not made: {expected:?}");
    }

    pub(crate) async fn get(&self, kind: Kind, key: &str) -> gateway_core::Result<Option<Observed>> {
        self.session.get(&region(), kind, key).await
    }

    pub(crate) async fn list(&self, kind: Kind, scope: ListScope) -> gateway_core::Result<Vec<Vec<String>>> {
        let (mut pages, mut next) = (Vec::new(), None);
        loop {
            let page = self.session.list(&region(), kind, scope, next.as_ref()).await?;
            pages.push(page.items.into_iter().map(|item| item.native_key).collect());
            next = page.next;
            if next.is_none() {
                self.assert_finished();
                return Ok(pages);
            }
        }
    }
}

pub(crate) fn region() -> Region {
    Region::new("r1")
}

pub(crate) fn document(action: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><{action}Response xmlns=\"u\"><requestId>q</requestId>{body}</{action}Response>"
    )
}

pub(crate) fn identity() -> Exchange {
    let body = "<GetCallerIdentityResult><Account>111</Account></GetCallerIdentityResult>";
    (&["Action=GetCallerIdentity", "Version=2011-06-15"], 200, document("GetCallerIdentity", body))
}

pub(crate) fn error(code: &str) -> String {
    format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>")
}
