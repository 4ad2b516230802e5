//! A listing: each page is compared and applied before the next is requested.

use gateway_core::document::observation::Observed;
use gateway_core::driver::{Page, PageToken};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::{Timestamp, crash};
use gateway_store::{Applied, Sighting};
use tokio_util::sync::CancellationToken;

use super::known::KnownRecords;
use super::leased_target::{BATCH, LeasedTarget};

/// Most pages of a listing; more are taken for an endless loop. This is ten times the pages of a hundred thousand
/// records at a hundred per page.
const MAX_PAGES: usize = 10_000;

/// A whole listing: every page arrived.
pub(super) struct Listing {
    /// Database time before page one.
    pub(super) as_of: Timestamp,
    /// The records stored before, marked if the listing showed them.
    pub(super) known: KnownRecords,
    /// The changes written.
    pub(super) applied: Applied,
    /// Whether a record is in a transitional state.
    pub(super) is_moving: bool,
}

/// Lists all pages of a target; returns `None` if `stop` came between two pages.
pub(super) async fn list(
    target: &mut LeasedTarget<'_>,
    as_of: Timestamp,
    stop: &CancellationToken,
) -> Result<Option<Listing>> {
    let known = KnownRecords::load(&target.context.store, target.claim.target.id).await?;
    let mut listing = Listing { as_of, known, applied: Applied::default(), is_moving: false };
    let mut token: Option<PageToken> = None;
    for _ in 0..MAX_PAGES {
        let page = request_page(target, token.as_ref()).await?;
        crash::point("poller.page");
        apply_page(target, &mut listing, page.items).await?;
        match page.next {
            None => return Ok(Some(listing)),
            next if next == token => break,
            next => token = next,
        }
        if stop.is_cancelled() {
            return Ok(None);
        }
    }
    Err(Error::new(ErrorKind::WrongDocument, "the pages of the cloud's listing do not end"))
}

async fn request_page(target: &mut LeasedTarget<'_>, token: Option<&PageToken>) -> Result<Page> {
    let (claimed, session) = (&target.claim.target, &target.session.session);
    let page = session.list(&claimed.scope.region, claimed.kind, target.list_scope(), token);
    target.call(page).await?
}

/// Compares and applies a page; unchanged records cost only the comparison.
async fn apply_page(
    target: &mut LeasedTarget<'_>,
    listing: &mut Listing,
    items: Vec<Observed>,
) -> Result<()> {
    let (claimed, session) = (&target.claim.target, target.session);
    let mut changed = Vec::new();
    for (index, mut item) in items.into_iter().enumerate() {
        if index % BATCH == BATCH - 1 {
            // Hashing a large page takes a while; other tasks run in between.
            tokio::task::yield_now().await;
        }
        if item.kind != claimed.kind {
            return Err(Error::internal(format!("a listing of `{}` holds a `{}`", claimed.kind, item.kind)));
        }
        item.allow(session.capability.verbs(item.kind));
        listing.is_moving |= item.is_transitional();
        let id = session.cloud.resource_id(&claimed.scope.region, claimed.kind, &item.native_key);
        if !listing.known.see(id, item.content_hash()) {
            changed.push(Sighting::Present(Box::new(item)));
        }
        if changed.len() == BATCH {
            listing.applied += target.apply(listing.as_of, std::mem::take(&mut changed)).await?;
        }
    }
    listing.applied += target.apply(listing.as_of, changed).await?;
    Ok(())
}
