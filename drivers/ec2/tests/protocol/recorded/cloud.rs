//! An endpoint that speaks the Query API and has one recorded answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use driver_ec2::Ec2;
use gateway_core::Kind;
use gateway_core::access::credential::Credential;
use gateway_core::clock::SystemClock;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{CloudSpec, Driver as _, ListScope, Session, SessionContext};
use gateway_core::id::{CloudId, Region};
use serde_json::Map;

use super::recordings::Recording;
use super::xml::Node;

/// A session at the endpoint.
pub(crate) struct RecordedCloud(Arc<dyn Session>);

/// The answers of the endpoint.
struct Answers {
    action: String,
    document: String,
    account: &'static str,
}

async fn answer(State(answers): State<Arc<Answers>>, body: String) -> String {
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap();
    let inside = match action {
        "GetCallerIdentity" => {
            let account = answers.account;
            format!("<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>")
        }
        action if action == answers.action => return answers.document.clone(),
        // Further calls of the same listings.
        "DescribeInstanceTypes" => "<instanceTypeSet/>".to_owned(),
        "DescribeRouteTables" => "<routeTableSet/>".to_owned(),
        other => panic!("{other} is called, but only {} is recorded", answers.action),
    };
    format!("<{action}Response>{inside}</{action}Response>")
}

impl RecordedCloud {
    pub(crate) async fn start(recording: &Recording, document: &str) -> Self {
        let root = Node::parse(document).name;
        let answers = Answers {
            action: root.strip_suffix("Response").unwrap().to_owned(),
            document: document.to_owned(),
            account: recording.account,
        };
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::new(answers));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let cloud = CloudSpec {
            id: CloudId::generate(),
            name: "recorded".to_owned(),
            endpoint,
            regions: vec![],
            allowed_hosts: vec![],
            allow_plaintext: false,
            require_date: false,
            calls_per_second: 100.0,
            timeout: Duration::from_secs(10),
            options: Map::new(),
        };
        let key = r#"{"method":"access_key","access_key_id":"AK","secret_access_key":"SK"}"#;
        let context = SessionContext::unpaced(Arc::new(SystemClock));
        Self(Ec2.open(Arc::new(cloud), Credential::parse(key).unwrap(), context).unwrap())
    }

    /// Lists a kind.
    pub(crate) async fn list(&self, kind: Kind) -> Vec<Observed> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let region = Region::new("us-east-1");
            let page = self.0.list(&region, kind, ListScope::Own, next.as_ref()).await.unwrap();
            items.extend(page.items);
            next = page.next;
            if next.is_none() {
                return items;
            }
        }
    }
}
