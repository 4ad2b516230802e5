//! What the gateway shows, once it says that it is new enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use gateway_core::Timestamp;
use gateway_tests::{Client, Listing, until};

use crate::shown::KINDS;
use crate::stage::{AWS, STACK, Stage};

/// Longest wait for a listing of everything. Nova needs 3 s for 1,000 servers, and was seen to need 30 s while
/// others built on the same two cores.
pub(crate) const SOON: Duration = Duration::from_secs(300);

/// The gateway's collections by kind.
pub(crate) type Listings = BTreeMap<&'static str, Listing>;

/// Every collection, each as soon as all its scopes are fresh and as of a moment after `moment`.
pub(crate) async fn since(stage: &Stage, moment: Timestamp) -> Listings {
    let mut listings = Listings::new();
    for (kind, plural) in KINDS {
        wait_since(stage, kind, plural, moment).await;
        listings.insert(kind, stage.client.list(plural, &[("limit", "1000")]).await.unwrap());
    }
    listings
}

/// How long it takes until a collection is as of a moment after `moment`.
pub(crate) async fn wait_since(stage: &Stage, kind: &str, plural: &str, moment: Timestamp) -> Duration {
    let begun = Instant::now();
    let expected = scopes_of(stage, kind);
    let refresh = format!("/v1/refresh?wait=false&kind={kind}");
    let wished = stage.client.request("POST".parse().unwrap(), &refresh).await.unwrap();
    assert_eq!(wished.status, 202, "{}", wished.body);
    let what = format!("{plural} as of after {moment}");
    until(&what, SOON, || check(&stage.client, plural, moment, &expected)).await;
    begun.elapsed()
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
        let word = |key: &str| scope[key].as_str().unwrap_or_default().to_owned();
        named.insert((word("cloud"), word("account")));
    }
    ensure!(named == *expected, "scopes {named:?}, not {expected:?}");
    ensure!(named.len() == page.scopes.len(), "a scope came twice: {:?}", page.scopes);
    Ok(())
}

/// Waits until every scope that a client sees of these collections has been listed.
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

/// The parts that a collection is made of: what each account holds, and what each cloud publishes.
fn scopes_of(stage: &Stage, kind: &str) -> BTreeSet<(String, String)> {
    let mut scopes = BTreeSet::new();
    for account in stage.accounts() {
        // EC2 has no types of an account's own.
        if (account.cloud, kind) != (AWS, "instance_type") {
            scopes.insert((account.cloud.to_owned(), account.id.clone()));
        }
    }
    if matches!(kind, "image" | "instance_type") {
        scopes.extend([STACK, AWS].map(|cloud| (cloud.to_owned(), "global".to_owned())));
    }
    scopes
}
