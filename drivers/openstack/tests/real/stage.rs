//! One of everything for a member and for an administrator, made in a test cloud for the time of a test.

// Paths, because the conformance suite takes this file in from elsewhere.
#[path = "stage/compute.rs"]
mod compute;
#[path = "stage/network.rs"]
mod network;
#[path = "stage/offers.rs"]
mod offers;

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::{LocalSet, spawn_local};

use crate::api::Api;

/// In the name of everything that is made.
pub(crate) const NAME: &str = "gateway-test";

/// In the name of what others share.
pub(crate) const SHARED: &str = "gateway-test-shared";

/// The three users, and what to delete in the end, the last first.
pub(crate) struct Stage {
    pub(crate) auth_url: String,
    pub(crate) demo: Api,
    pub(crate) admin: Api,
    rival: Api,
    made: Vec<(Who, String)>,
}

#[derive(Clone, Copy)]
enum Who {
    Demo,
    Admin,
    Rival,
}

/// Does a test's work with everything in place; whatever comes of it, the cloud is left as it was.
pub(crate) async fn on_stage<W, T>(auth_url: &str, work: impl FnOnce(Arc<Mutex<Stage>>) -> W + 'static) -> T
where
    W: Future<Output = T>,
    T: 'static,
{
    let stage = Arc::new(Mutex::new(Stage::open(auth_url).await));
    let lent = Arc::clone(&stage);
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(async move {
        // A task of its own, so that its panic ends here.
        let task = spawn_local(async move {
            lent.lock().await.build().await;
            work(lent).await
        });
        task.await
    });
    let outcome = outcome.await;
    let left = stage.lock().await.clear().await;
    let outcome = outcome.unwrap();
    assert!(left.is_empty(), "left behind: {left:?}");
    outcome
}

impl Stage {
    async fn open(auth_url: &str) -> Self {
        let login = async |user| Api::login(auth_url, user).await;
        let (demo, admin, rival) = (login("demo").await, login("admin").await, login("rival").await);
        Self { auth_url: auth_url.to_owned(), demo, admin, rival, made: Vec::new() }
    }

    fn of(&self, who: Who) -> &Api {
        match who {
            Who::Demo => &self.demo,
            Who::Admin => &self.admin,
            Who::Rival => &self.rival,
        }
    }

    /// Makes one thing that is deleted in the end, and tells its id.
    async fn make(&mut self, who: Who, path: &str, around: &str, what: Value) -> String {
        let made = self.of(who).make(path, around, what).await;
        let id = made["id"].as_str().unwrap().to_owned();
        self.made.push((who, format!("{path}/{id}")));
        id
    }

    async fn build(&mut self) {
        self.offers().await;
        for who in [Who::Demo, Who::Admin] {
            let network = self.networks(who).await;
            let server = self.servers_and_volumes(who, &network).await;
            self.addresses(who, &network, &server).await;
        }
        self.what_others_share().await;
        self.quotas().await;
    }

    /// Deletes everything, and tells what could not be deleted.
    async fn clear(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        while let Some((who, path)) = self.made.pop() {
            let api = self.of(who);
            let id = path.rsplit('/').next().unwrap();
            if path.starts_with("network/routers/") {
                let routes = json!({ "router": { "routes": [] } });
                api.try_call(Method::PUT, &path, Some(routes)).await;
                let ports = api.get(&format!("network/ports?device_id={id}")).await;
                for port in ports["ports"].as_array().unwrap() {
                    let end = json!({ "port_id": port["id"] });
                    api.try_call(Method::PUT, &format!("{path}/remove_router_interface"), Some(end)).await;
                }
            }
            if path.starts_with("image/images/") {
                let open = json!([{ "op": "replace", "path": "/protected", "value": false }]);
                api.try_call(Method::PATCH, &path, Some(open)).await;
            }
            // Limits are there always: deleted means that they are the cloud's again.
            let is_gone = if path.contains("quota") {
                api.try_call(Method::DELETE, &path, None).await.0 < 300
            } else {
                api.remove(&path).await
            };
            if !is_gone {
                left.push(path);
            }
        }
        left
    }
}
