//! Fixtures in the test cloud: one resource of every kind, for a member and for an administrator, during one test.

mod cleanup;
mod compute;
mod network;
mod offers;

use std::sync::Arc;

use serde_json::Value;
use tokio::task::{LocalSet, spawn_local};

use crate::api::Api;

/// The prefix of every name, or of the description if there is no name.
pub(crate) const NAME: &str = "gateway-test";

/// The name of what other projects share.
pub(crate) const SHARED: &str = "gateway-test-shared";

/// The three users of the test cloud.
pub(crate) struct Fixtures {
    pub(crate) auth_url: String,
    pub(crate) demo: Api,
    pub(crate) admin: Api,
    rival: Api,
}

#[derive(Clone, Copy)]
enum User {
    Demo,
    Admin,
    Rival,
}

impl User {
    const ALL: [Self; 3] = [Self::Demo, Self::Admin, Self::Rival];
}

/// Runs a test with the fixtures, and deletes them whatever its outcome. Leftovers of an interrupted run are deleted
/// before.
pub(crate) async fn with_fixtures<W, T>(auth_url: &str, work: impl FnOnce(Arc<Fixtures>) -> W + 'static) -> T
where
    W: Future<Output = T>,
    T: 'static,
{
    let fixtures = Arc::new(Fixtures::open(auth_url).await);
    let left = fixtures.clean_up().await;
    assert!(left.is_empty(), "left behind by another run: {left:?}");
    let shared = Arc::clone(&fixtures);
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(async move {
        // In a task, a panic does not skip the cleanup.
        let task = spawn_local(async move {
            shared.build().await;
            work(shared).await
        });
        task.await
    });
    let outcome = outcome.await;
    let left = fixtures.clean_up().await;
    let outcome = outcome.unwrap();
    assert!(left.is_empty(), "left behind: {left:?}");
    outcome
}

impl Fixtures {
    async fn open(auth_url: &str) -> Self {
        let login = async |user| Api::login(auth_url, user).await;
        let (demo, admin, rival) = (login("demo").await, login("admin").await, login("rival").await);
        Self { auth_url: auth_url.to_owned(), demo, admin, rival }
    }

    fn of(&self, user: User) -> &Api {
        match user {
            User::Demo => &self.demo,
            User::Admin => &self.admin,
            User::Rival => &self.rival,
        }
    }

    /// Creates one resource, and returns its id.
    async fn create(&self, user: User, path: &str, around: &str, document: Value) -> String {
        let made = self.of(user).create(path, around, document).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn build(&self) {
        self.offers().await;
        for user in [User::Demo, User::Admin] {
            let network = self.networks(user).await;
            let server = self.servers_and_volumes(user, &network).await;
            self.addresses(user, &network, &server).await;
        }
        self.what_others_share().await;
        self.quotas().await;
    }
}
