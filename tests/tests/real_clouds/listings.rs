//! Lists of the gateway, as soon as they are fresh enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use gateway_core::Timestamp;
use gateway_tests::{Client, Listing, until};

use crate::cloud_resource::KINDS;
use crate::environment::{AWS, Environment, STACK};

/// The longest wait for a listing. Nova needs 3 s for 1,000 servers, and up to 30 s on busy cores.
pub(crate) const SOON: Duration = Duration::from_secs(300);

/// Lists by kind.
pub(crate) type Listings = BTreeMap<&'static str, Listing>;

/// Returns every collection, as soon as all its scopes are fresh and listed after `moment`.
pub(crate) async fn since(env: &Environment, moment: Timestamp) -> Listings {
    let mut listings = Listings::new();
    // All are requested before the first is awaited.
    for (kind, plural) in KINDS {
        request(env, kind, plural, moment).await;
    }
    for (kind, plural) in KINDS {
        wait(env, kind, plural, moment).await;
        listings.insert(kind, env.client.list(plural, &[("limit", "1000")]).await.unwrap());
    }
    listings
}

/// Waits until a collection was listed after `moment`. Returns the duration.
pub(crate) async fn wait_since(env: &Environment, kind: &str, plural: &str, moment: Timestamp) -> Duration {
    let begun = Instant::now();
    request(env, kind, plural, moment).await;
    wait(env, kind, plural, moment).await;
    begun.elapsed()
}

/// Requests listings of a collection that was not listed since `moment`.
async fn request(env: &Environment, kind: &str, plural: &str, moment: Timestamp) {
    if check(&env.client, plural, moment, &scopes_of(env, kind)).await.is_ok() {
        return;
    }
    let refresh = format!("/v1/refresh?wait=false&kind={kind}");
    let requested = env.client.request("POST".parse().unwrap(), &refresh).await.unwrap();
    assert_eq!(requested.status, 202, "{}", requested.body);
}

async fn wait(env: &Environment, kind: &str, plural: &str, moment: Timestamp) {
    let (what, expected) = (format!("{plural} listed after {moment}"), scopes_of(env, kind));
    until(&what, SOON, || check(&env.client, plural, moment, &expected)).await;
}

async fn check(
    client: &Client,
    plural: &str,
    moment: Timestamp,
    expected: &BTreeSet<(String, String)>,
) -> anyhow::Result<()> {
    let page = client.page(plural, &[("limit", "1")]).await?;
    let mut named = BTreeSet::new();
    for scope in &page.scopes {
        ensure!(scope["status"] == "fresh", "{scope}");
        ensure!(scope["reason"].is_null(), "{scope}");
        let as_of = scope["as_of"].as_str().and_then(Timestamp::parse).context("no as_of")?;
        ensure!(as_of > moment, "{scope}");
        let cloud_state = |key: &str| scope[key].as_str().unwrap_or_default().to_owned();
        named.insert((cloud_state("cloud"), cloud_state("account")));
    }
    ensure!(named == *expected, "scopes {named:?}, not {expected:?}");
    ensure!(named.len() == page.scopes.len(), "a scope is repeated: {:?}", page.scopes);
    Ok(())
}

/// Waits until every scope of these collections is fresh for a client.
pub(crate) async fn wait_fresh(client: &Client, collections: &[&str]) {
    for collection in collections {
        until(&format!("{collection} to be listed"), SOON, || async {
            let page = client.page(collection, &[("limit", "1")]).await?;
            ensure!(!page.scopes.is_empty(), "no scope");
            ensure!(page.scopes.iter().all(|scope| scope["status"] == "fresh"), "{:?}", page.scopes);
            Ok(())
        })
        .await;
    }
}

/// Returns the scopes of a collection: one per account, and one per cloud for published resources.
fn scopes_of(env: &Environment, kind: &str) -> BTreeSet<(String, String)> {
    let mut scopes = BTreeSet::new();
    for account in env.accounts() {
        // EC2 has no instance types of an account.
        if (account.cloud, kind) != (AWS, "instance_type") {
            scopes.insert((account.cloud.to_owned(), account.id.clone()));
        }
    }
    if matches!(kind, "image" | "instance_type") {
        scopes.extend([STACK, AWS].map(|cloud| (cloud.to_owned(), "global".to_owned())));
    }
    scopes
}
