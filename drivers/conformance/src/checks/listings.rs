//! Whole listings: every page, nothing twice, nothing foreign, the same again.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use gateway_core::document::observation::{ContentHash, Observed};
use gateway_core::driver::{ListScope, PageToken, Session};
use gateway_core::id::Region;
use gateway_core::{Kind, Result};

use super::{Place, check, document};
use crate::report::{Report, Verdict, ensure, failed, skipped};
use crate::subject::Subject;

/// Pages after which a listing is held to run in circles.
const MOST_PAGES: usize = 10_000;

/// A real cloud may change between two listings: so many pairs are compared before it counts.
const TRIES: usize = 4;

/// Listings at the same time through one session.
const AT_ONCE: usize = 4;

pub(super) async fn run(place: &Place<'_>, report: &mut Report) {
    check(report, place.label("can be probed"), async {
        Ok(place.session.probe(place.region, place.capability.kind).await?)
    })
    .await;
    for scope in place.scopes() {
        let label = |what: &str| place.label(&format!("{what} ({scope:?})"));
        check(report, label("a listing is whole, canonical and without duplicates"), sound(place, scope))
            .await;
        check(report, label("a second listing is the same"), stable(place, scope)).await;
        check(report, label("listings at the same time are the same"), concurrent(place, scope)).await;
    }
}

/// A region that is not there must never look like an empty one.
pub(super) async fn run_unknown_region(subject: &Subject, session: &dyn Session, report: &mut Report) {
    let region = Region::new("no-such-region-1");
    for capability in subject.driver.capability().kinds {
        let scope = if capability.own { ListScope::Own } else { ListScope::Published };
        let name = format!("{}: a region that the cloud does not have is an error", capability.kind);
        check(report, name, async {
            match whole(session, &region, capability.kind, scope).await {
                Ok(items) => failed(format!("it listed {} items", items.len())),
                Err(_) => Ok(()),
            }
        })
        .await;
    }
}

/// Every page of one listing.
pub(super) async fn whole(
    session: &dyn Session,
    region: &Region,
    kind: Kind,
    scope: ListScope,
) -> Result<Vec<Observed>> {
    let mut items = Vec::new();
    let mut token: Option<PageToken> = None;
    for _ in 0..MOST_PAGES {
        let page = session.list(region, kind, scope, token.as_ref()).await?;
        items.extend(page.items);
        token = page.next;
        if token.is_none() {
            return Ok(items);
        }
    }
    Err(gateway_core::Error::internal("the listing has no end"))
}

fn hashes(items: &[Observed]) -> BTreeMap<String, ContentHash> {
    items.iter().map(|item| (item.native_key.clone(), item.content_hash())).collect()
}

async fn listed(place: &Place<'_>, scope: ListScope) -> Result<Vec<Observed>> {
    whole(place.session, place.region, place.capability.kind, scope).await
}

async fn sound(place: &Place<'_>, scope: ListScope) -> Verdict {
    let items = listed(place, scope).await?;
    if items.is_empty() {
        return skipped("the listing is empty");
    }
    document::inspect_listing(&items, place.capability, scope)
}

async fn stable(place: &Place<'_>, scope: ListScope) -> Verdict {
    let mut before = hashes(&listed(place, scope).await?);
    for _ in 0..TRIES {
        let after = hashes(&listed(place, scope).await?);
        if after == before {
            return Ok(());
        }
        before = after;
    }
    failed("no two listings in a row are the same")
}

async fn concurrent(place: &Place<'_>, scope: ListScope) -> Verdict {
    for _ in 0..TRIES {
        let all = try_join_all((0..AT_ONCE).map(|_| listed(place, scope))).await?;
        let first = hashes(&all[0]);
        if all.iter().all(|items| hashes(items) == first) {
            return ensure(all[0].len() == first.len(), || "duplicates".to_owned());
        }
    }
    failed("they differ")
}
