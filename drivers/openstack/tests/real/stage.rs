//! One of everything for a member and for an administrator, made in a test cloud for the time of a test.

// Paths, because the conformance suite takes this file in from elsewhere.
#[path = "stage/compute.rs"]
mod compute;
#[path = "stage/network.rs"]
mod network;
#[path = "stage/offers.rs"]
mod offers;
#[path = "stage/sweep.rs"]
mod sweep;

use std::sync::Arc;

use serde_json::Value;
use tokio::task::{LocalSet, spawn_local};

use crate::api::Api;

/// Begins the name of everything that is made, or the description of what has no name.
pub(crate) const NAME: &str = "gateway-test";

/// In the name of what others share.
pub(crate) const SHARED: &str = "gateway-test-shared";

/// The three users.
pub(crate) struct Stage {
    pub(crate) auth_url: String,
    pub(crate) demo: Api,
    pub(crate) admin: Api,
    rival: Api,
}

#[derive(Clone, Copy)]
enum Who {
    Demo,
    Admin,
    Rival,
}

impl Who {
    const ALL: [Self; 3] = [Self::Demo, Self::Admin, Self::Rival];
}

/// Does a test's work with everything in place; whatever comes of it, the cloud is left without. What an interrupted
/// run has left is cleared before.
pub(crate) async fn on_stage<W, T>(auth_url: &str, work: impl FnOnce(Arc<Stage>) -> W + 'static) -> T
where
    W: Future<Output = T>,
    T: 'static,
{
    let stage = Arc::new(Stage::open(auth_url).await);
    let left = stage.sweep().await;
    assert!(left.is_empty(), "left behind by another run: {left:?}");
    let lent = Arc::clone(&stage);
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(async move {
        // A task of its own, so that its panic ends here.
        let task = spawn_local(async move {
            lent.build().await;
            work(lent).await
        });
        task.await
    });
    let outcome = outcome.await;
    let left = stage.sweep().await;
    let outcome = outcome.unwrap();
    assert!(left.is_empty(), "left behind: {left:?}");
    outcome
}

impl Stage {
    async fn open(auth_url: &str) -> Self {
        let login = async |user| Api::login(auth_url, user).await;
        let (demo, admin, rival) = (login("demo").await, login("admin").await, login("rival").await);
        Self { auth_url: auth_url.to_owned(), demo, admin, rival }
    }

    fn of(&self, who: Who) -> &Api {
        match who {
            Who::Demo => &self.demo,
            Who::Admin => &self.admin,
            Who::Rival => &self.rival,
        }
    }

    /// Makes one thing, and tells its id.
    async fn make(&self, who: Who, path: &str, around: &str, what: Value) -> String {
        let made = self.of(who).make(path, around, what).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn build(&self) {
        self.offers().await;
        for who in [Who::Demo, Who::Admin] {
            let network = self.networks(who).await;
            let server = self.servers_and_volumes(who, &network).await;
            self.addresses(who, &network, &server).await;
        }
        self.what_others_share().await;
        self.quotas().await;
    }
}
