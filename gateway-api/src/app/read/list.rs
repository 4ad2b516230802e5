//! A page of the records of one kind.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::Timestamp;
use gateway_store::ResourceQuery;

use super::fields::Fields;
use super::page_bytes::PageBytes;
use super::page_start::PageStart;
use super::record::{Record, expect_target};
use super::selection::Selection;
use crate::app::access::Caller;
use crate::app::visibility::{ScopeList, Scopes};
use crate::app::{App, Result, refresh};

/// A query for one page.
#[derive(Clone, Debug)]
pub(crate) struct ListQuery {
    pub(crate) selection: Selection,
    /// Most records of the page.
    pub(crate) limit: usize,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
    pub(crate) fields: Fields,
    /// Adds the clouds' own documents.
    pub(crate) raw: bool,
    /// Waits until each scope was listed within this time.
    pub(crate) max_age: Option<Duration>,
}

/// A page of records, and the freshness of the scopes that it is from.
#[derive(Debug)]
pub(crate) struct RecordPage {
    pub(crate) records: Vec<Record>,
    /// The cursor of the next page; none on the last.
    pub(crate) next: Option<String>,
    /// The position of the event log before the first page was read. A follower from there misses no change.
    pub(crate) position: i64,
    pub(crate) scopes: Scopes,
}

/// Lists records.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
    deadline: Option<Timestamp>,
) -> Result<RecordPage> {
    let ListQuery { selection, limit, cursor, fields, raw, max_age } = query;
    selection.expect_known(&caller.authority)?;
    let mark = selection.mark();
    let start = PageStart::parse(cursor.as_deref(), mark, selection.order)?;
    let mut authority = Arc::clone(&caller.authority);
    let mut targets = app.targets.select(&authority, selection.scopes(), None).await?;
    let mut required = None;
    if let Some(max_age) = max_age {
        let refreshed = refresh::refreshed(app, caller, targets.iter(), *max_age, deadline).await?;
        authority = refreshed.authority;
        required = Some(refreshed.as_of);
        targets = app.targets.select(&authority, selection.scopes(), refreshed.settled_at).await?;
    }
    // Later pages keep the position of the first: changes after it may have been missed by the first page.
    let position = start.as_ref().map_or(authority.position(), |start| start.position);
    let mut page = ResourceQuery {
        targets: targets.ids(),
        filter: selection.records.clone(),
        order: selection.order,
        after: start.map(|start| start.after),
        limit: *limit,
        raw: *raw,
    };
    let (records, next) = loop {
        let listing = app.store.resource_list(page.clone()).await?;
        let render = |row| Record::render(row, expect_target(row, &targets)?, &authority, fields);
        let records = listing.rows.iter().map(render).collect::<Result<Vec<_>>>()?;
        let fitting = PageBytes::count(records.iter().map(|record| record.document.get()));
        if fitting == records.len() {
            break (records, listing.next);
        }
        // Read again, because only the store knows the cursor within a page.
        page.limit = fitting;
    };
    Ok(RecordPage {
        records,
        next: next.map(|after| PageStart { after, position }.to_text(mark)),
        position,
        scopes: ScopeList::of_targets(&authority, &targets, required)
            .with_forbidden(selection.scopes())
            .scopes(),
    })
}
