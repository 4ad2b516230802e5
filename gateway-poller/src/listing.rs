//! One listing: page after page, each compared and applied before the next is asked for.

use gateway_core::document::observation::Observed;
use gateway_core::driver::{ListScope, Page, PageToken};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Holder;
use gateway_core::{Timestamp, crash};
use gateway_store::{Applied, Observation, Sighting, WriteGuard};
use tokio_util::sync::CancellationToken;

use crate::cycle::Cycle;
use crate::known::KnownRecords;

/// Sightings in one transaction. Higher makes fewer of them; lower holds locks for less time.
pub(crate) const BATCH: usize = 200;

/// Pages after which a listing is believed to go in a circle. Ten times what a hundred thousand records
/// need at a hundred a page.
const MOST_PAGES: usize = 10_000;

/// A listing of which every page arrived.
pub(crate) struct Listing {
    /// Database time before page one.
    pub(crate) as_of: Timestamp,
    /// What the store had, and which of it the listing showed.
    pub(crate) known: KnownRecords,
    /// What was written.
    pub(crate) applied: Applied,
    /// Something is on its way to another state.
    pub(crate) moving: bool,
}

/// Which part of the kind a target covers.
pub(crate) fn scope_of(holder: Holder) -> ListScope {
    match holder {
        Holder::Account(_) => ListScope::Own,
        Holder::Global => ListScope::Published,
    }
}

impl Cycle<'_> {
    /// Lists all pages; `None` when `stop` came between two of them.
    pub(crate) async fn list(
        &mut self,
        as_of: Timestamp,
        stop: &CancellationToken,
    ) -> Result<Option<Listing>> {
        let known = KnownRecords::load(&self.shop.store, self.claim.target.id).await?;
        let mut listing = Listing { as_of, known, applied: Applied::default(), moving: false };
        let mut at: Option<PageToken> = None;
        for _ in 0..MOST_PAGES {
            let page = self.page(at.as_ref()).await?;
            crash::point("poller.page");
            self.take_in(&mut listing, page.items).await?;
            match page.next {
                None => return Ok(Some(listing)),
                next if next == at => break,
                next => at = next,
            }
            if stop.is_cancelled() {
                return Ok(None);
            }
        }
        Err(Error::new(ErrorKind::WrongDocument, "the pages of the cloud's listing do not end"))
    }

    /// One page, unless the cloud asks for a pause that is longer than a listing should wait.
    async fn page(&mut self, at: Option<&PageToken>) -> Result<Page> {
        let (target, opened) = (&self.claim.target, self.opened);
        let (region, scope) = (&target.scope.region, scope_of(target.scope.holder));
        let page = opened.session.list(region, target.kind, scope, at);
        let page = async {
            tokio::select! {
                biased;
                page = page => page,
                wait = opened.budget.long_pause() => Err(paused(wait)),
            }
        };
        self.lease.keep(page).await
    }

    /// Compares and applies a page: what is as it was costs nothing but its comparison.
    async fn take_in(&mut self, listing: &mut Listing, items: Vec<Observed>) -> Result<()> {
        let mut changed = Vec::new();
        for (place, mut item) in items.into_iter().enumerate() {
            if place % BATCH == BATCH - 1 {
                // Hashing a large page takes a while: others have their turn.
                tokio::task::yield_now().await;
            }
            let target = &self.claim.target;
            if item.kind != target.kind {
                return Err(Error::internal(format!("a listing of {} holds a {}", target.kind, item.kind)));
            }
            item.allow(self.opened.capability.verbs(item.kind));
            listing.moving |= item.is_transitional();
            let id = self.opened.cloud.resource_id(&target.scope.region, target.kind, &item.native_key);
            if !listing.known.see(id, item.content_hash()) {
                changed.push(Sighting::Present(Box::new(item)));
            }
            if changed.len() == BATCH {
                listing.applied += self.apply(listing.as_of, std::mem::take(&mut changed)).await?;
            }
        }
        listing.applied += self.apply(listing.as_of, changed).await?;
        Ok(())
    }

    /// Applies sightings under the lease, and tells the relay if that made events.
    pub(crate) async fn apply(&mut self, as_of: Timestamp, sightings: Vec<Sighting>) -> Result<Applied> {
        if sightings.is_empty() {
            return Ok(Applied::default());
        }
        let observation = Observation::of(&self.claim.target, as_of, sightings);
        let door = WriteGuard::Lease(self.claim.fence);
        let applied = self.lease.keep(self.shop.store.apply(door, observation)).await?;
        crash::point("poller.after_apply");
        if applied.written() > 0 {
            self.shop.bus.nudge(gateway_bus::Nudge::EventsWaiting).await;
        }
        Ok(applied)
    }
}

/// The error of a pause that another call was asked for.
pub(crate) fn paused(wait: std::time::Duration) -> Error {
    Error::new(ErrorKind::RateLimited, "the cloud asked for a pause").with_retry_after(wait)
}
