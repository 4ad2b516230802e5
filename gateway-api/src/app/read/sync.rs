//! A copy of all records that the caller may see, page by page.

use gateway_store::{ResourceQuery, SortOrder};
use serde_json::value::RawValue;

use super::page_bytes::PageBytes;
use super::page_start::{FilterMark, PageStart};
use super::record::{expect_target, render};
use crate::app::access::Caller;
use crate::app::visibility::{ScopeFilter, ScopeList, Scopes};
use crate::app::{App, Result};

/// Most records of one page. A higher value saves messages, until pages end by their bytes and are read twice; a lower one
/// saves memory, which holds each page whole.
const PAGE: usize = 200;

/// A query for one page of the copy.
#[derive(Clone, Debug)]
pub(crate) struct SyncQuery {
    pub(crate) scopes: ScopeFilter,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A page of the copy.
#[derive(Debug)]
pub(crate) struct SyncPage {
    /// The position of the event log before the first page was read. A follower from there misses no change.
    pub(crate) position: i64,
    /// The scopes of the copy; on the first page only.
    pub(crate) scopes: Option<Scopes>,
    pub(crate) documents: Vec<Box<RawValue>>,
    /// The cursor of the next page; none on the last.
    pub(crate) next: Option<String>,
}

/// Reads one page of the copy.
pub(crate) async fn sync(app: &App, caller: &Caller, query: &SyncQuery) -> Result<SyncPage> {
    let authority = &*caller.authority;
    query.scopes.expect_known(&authority.visibility)?;
    let mark = FilterMark::of_scopes("sync", &query.scopes);
    let start = PageStart::parse(query.cursor.as_deref(), mark, SortOrder::Id)?;
    let position = start.as_ref().map_or(authority.position(), |start| start.position);
    let targets = app.targets.select(authority, &query.scopes, None).await?;
    let scopes = start
        .is_none()
        .then(|| ScopeList::of_targets(authority, &targets, None).with_forbidden(&query.scopes).scopes());
    let mut page = ResourceQuery {
        targets: targets.ids(),
        after: start.map(|start| start.after),
        limit: PAGE,
        ..ResourceQuery::default()
    };
    let (documents, next) = loop {
        let listing = app.store.resource_list(page.clone()).await?;
        let document = |row| render(row, expect_target(row, &targets)?, authority);
        let documents = listing.rows.iter().map(document).collect::<Result<Vec<_>>>()?;
        let fitting = PageBytes::count(documents.iter().map(|document| document.get()));
        if fitting == documents.len() {
            break (documents, listing.next);
        }
        // Read again, because only the store knows the cursor within a page.
        page.limit = fitting;
    };
    let next = next.map(|after| PageStart { after, position }.to_text(mark));
    Ok(SyncPage { position, scopes, documents, next })
}
