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

/// One expected call: words that its body must have, and the answer.
pub(crate) type Step = (&'static [&'static str], u16, String);

#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) steps: Arc<Mutex<VecDeque<Step>>>,
    /// When each call says that it was signed.
    pub(crate) dates: Arc<Mutex<Vec<String>>>,
    /// What each call asked for.
    pub(crate) bodies: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(script): State<Script>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    // Out of the script or not as expected: a status that no test expects.
    let teapot = |why: String| (StatusCode::IM_A_TEAPOT, why);
    let Some((words, status, text)) = script.steps.lock().unwrap().pop_front() else {
        return teapot(format!("unexpected {body}"));
    };
    script.bodies.lock().unwrap().push(body.clone());
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AK/"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));
    assert_eq!(headers["x-amz-security-token"], "session");
    script.dates.lock().unwrap().push(headers["x-amz-date"].to_str().unwrap().to_owned());
    match words.iter().find(|word| !body.split('&').any(|part| part == **word)) {
        Some(missing) => teapot(format!("{missing} is not in {body}")),
        None => (StatusCode::from_u16(status).unwrap(), text),
    }
}

pub(crate) struct Cloud {
    pub(crate) script: Script,
    pub(crate) session: Arc<dyn Session>,
}

impl Cloud {
    pub(crate) async fn start(options: Value, steps: Vec<Step>) -> Self {
        Self::start_linked(options, steps, SessionContext::unpaced(Arc::new(SystemClock))).await
    }

    pub(crate) async fn start_linked(options: Value, steps: Vec<Step>, link: SessionContext) -> Self {
        Self::start_in(vec![], options, steps, link).await
    }

    pub(crate) async fn start_in(
        regions: Vec<Region>,
        options: Value,
        steps: Vec<Step>,
        link: SessionContext,
    ) -> Self {
        let script = Script { steps: Arc::new(Mutex::new(steps.into())), ..Script::default() };
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
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
        let session = Ec2.open(Arc::new(cloud), Credential::parse(credential).unwrap(), link).unwrap();
        Self { script, session }
    }

    /// What is to come after the steps so far.
    pub(crate) fn then(&self, steps: Vec<Step>) {
        self.script.steps.lock().unwrap().extend(steps);
    }

    pub(crate) async fn get(&self, kind: &str, key: &str) -> gateway_core::Result<Option<Observed>> {
        self.session.get(&region(), Kind::parse(kind).unwrap(), key).await
    }

    pub(crate) async fn list(&self, kind: &str, scope: ListScope) -> gateway_core::Result<Vec<Vec<String>>> {
        let (mut pages, mut next) = (Vec::new(), None);
        loop {
            let page = self.session.list(&region(), Kind::parse(kind).unwrap(), scope, next.as_ref()).await?;
            pages.push(page.items.into_iter().map(|item| item.native_key).collect());
            next = page.next;
            if next.is_none() {
                assert!(self.script.steps.lock().unwrap().is_empty(), "not all of the script was asked for");
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

pub(crate) fn identity() -> Step {
    let body = "<GetCallerIdentityResult><Account>111</Account></GetCallerIdentityResult>";
    (&["Action=GetCallerIdentity", "Version=2011-06-15"], 200, document("GetCallerIdentity", body))
}

pub(crate) fn error(code: &str) -> String {
    format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>")
}
