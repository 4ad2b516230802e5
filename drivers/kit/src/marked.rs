//! Search for the resource that an operation made, by its marker.

use gateway_core::Kind;
use gateway_core::driver::{ListScope, Session, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::marker::Marker;

/// Most pages of a listing; more are taken for an endless loop.
const MAX_PAGES: usize = 10_000;

/// Lists the account's own resources of a kind and returns the one with the marker. It costs a whole listing, and is used
/// only after a fault.
///
/// # Errors
/// As [`Session::list`].
pub async fn find_marked(
    session: &(impl Session + ?Sized),
    region: &Region,
    kind: Kind,
    marker: Marker,
) -> Result<Option<Touched>> {
    let mut at = None;
    for _ in 0..MAX_PAGES {
        let page = session.list(region, kind, ListScope::Own, at.as_ref()).await?;
        let found = page.items.into_iter().find(|item| item.marker == Some(marker));
        if let Some(found) = found {
            return Ok(Some(Touched::new(kind, found.native_key)));
        }
        if page.next.is_none() {
            return Ok(None);
        }
        at = page.next;
    }
    Err(Error::new(ErrorKind::WrongDocument, "the pages of the cloud's listing do not end"))
}
