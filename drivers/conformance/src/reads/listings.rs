//! Listings: complete over all pages, without duplicates, equal when repeated.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use gateway_core::document::observation::{ContentHash, Observed};
use gateway_core::driver::{ListScope, PageToken, Session};
use gateway_core::id::Region;
use gateway_core::{Kind, Result};

use super::document;
use super::target::{Target, check};
use crate::report::{Report, Verdict, ensure, failed, skipped};
use crate::subject::Subject;

/// Pages after which a listing counts as endless.
const MAX_PAGES: usize = 10_000;

/// Pairs of listings that are compared; a real cloud may change between two listings.
const TRIES: usize = 4;

/// Concurrent listings through one session.
const CONCURRENT: usize = 4;

pub(super) async fn run(target: &Target<'_>, report: &mut Report) {
    check(report, target.label("probe succeeds"), async {
        Ok(target.session.probe(target.region, target.capability.kind).await?)
    })
    .await;
    for scope in target.scopes() {
        let label = |what: &str| target.label(&format!("{what} ({scope:?})"));
        check(
            report,
            label("a listing is complete, canonical and without duplicates"),
            complete(target, scope),
        )
        .await;
        check(report, label("a second listing equals the first"), stable(target, scope)).await;
        check(report, label("concurrent listings are equal"), concurrent(target, scope)).await;
    }
}

/// Checks that an unknown region does not look like an empty one.
pub(super) async fn run_unknown_region(subject: &Subject, session: &dyn Session, report: &mut Report) {
    let region = Region::new("no-such-region-1");
    for capability in subject.driver.capability().kinds {
        let scope = if capability.own { ListScope::Own } else { ListScope::Published };
        let name = format!("{}: a listing of an unknown region is an error", capability.kind);
        check(report, name, async {
            match list_all(session, &region, capability.kind, scope).await {
                Ok(items) => failed(format!("it returned {} items", items.len())),
                Err(_) => Ok(()),
            }
        })
        .await;
    }
}

/// Returns the items of all pages of one listing.
pub(super) async fn list_all(
    session: &dyn Session,
    region: &Region,
    kind: Kind,
    scope: ListScope,
) -> Result<Vec<Observed>> {
    let mut items = Vec::new();
    let mut token: Option<PageToken> = None;
    for _ in 0..MAX_PAGES {
        let page = session.list(region, kind, scope, token.as_ref()).await?;
        items.extend(page.items);
        token = page.next;
        if token.is_none() {
            return Ok(items);
        }
    }
    Err(gateway_core::Error::internal("the listing does not end"))
}

fn hashes(items: &[Observed]) -> BTreeMap<String, ContentHash> {
    items.iter().map(|item| (item.native_key.clone(), item.content_hash())).collect()
}

async fn listed(target: &Target<'_>, scope: ListScope) -> Result<Vec<Observed>> {
    list_all(target.session, target.region, target.capability.kind, scope).await
}

async fn complete(target: &Target<'_>, scope: ListScope) -> Verdict {
    let items = listed(target, scope).await?;
    if items.is_empty() {
        return skipped("the listing is empty");
    }
    document::inspect_listing(&items, target.capability, scope)
}

async fn stable(target: &Target<'_>, scope: ListScope) -> Verdict {
    let mut before = hashes(&listed(target, scope).await?);
    for _ in 0..TRIES {
        let after = hashes(&listed(target, scope).await?);
        if after == before {
            return Ok(());
        }
        before = after;
    }
    failed("no two listings in a row are equal")
}

async fn concurrent(target: &Target<'_>, scope: ListScope) -> Verdict {
    for _ in 0..TRIES {
        let all = try_join_all((0..CONCURRENT).map(|_| listed(target, scope))).await?;
        let first = hashes(&all[0]);
        if all.iter().all(|items| hashes(items) == first) {
            return ensure(all[0].len() == first.len(), || "duplicates".to_owned());
        }
    }
    failed("concurrent listings differ")
}
