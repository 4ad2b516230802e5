//! A single record.

use std::sync::Arc;
use std::time::Duration;

use gateway_core::id::ResourceId;
use gateway_core::{Kind, Timestamp};

use super::fields::Fields;
use super::record::{Record, VisibleRecord, find_record};
use crate::app::access::Caller;
use crate::app::{App, Error, Result, refresh};

/// A query for one record.
#[derive(Clone, Debug)]
pub(crate) struct ItemQuery {
    pub(crate) kind: Kind,
    pub(crate) id: ResourceId,
    pub(crate) fields: Fields,
    /// Adds the cloud's own document.
    pub(crate) raw: bool,
    /// Waits until the record's scope was listed within this time.
    pub(crate) max_age: Option<Duration>,
}

/// A record and the age of its scope; none before the first complete listing.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) record: Record,
    pub(crate) age: Option<Duration>,
}

/// Reads one record.
pub(crate) async fn item(
    app: &App,
    caller: &Caller,
    query: &ItemQuery,
    deadline: Option<Timestamp>,
) -> Result<Item> {
    let ItemQuery { kind, id, fields, raw, max_age } = query;
    let mut authority = Arc::clone(&caller.authority);
    let mut found = find_record(app, &authority, *kind, *id, *raw).await?;
    if let (Some(max_age), Some(known)) = (max_age, &found) {
        let refreshed =
            refresh::refreshed(app, caller, [&known.target].into_iter(), *max_age, deadline).await?;
        authority = refreshed.authority;
        found = find_record(app, &authority, *kind, *id, *raw).await?;
    }
    let VisibleRecord { row, target } = found.ok_or(Error::UnknownResource)?;
    Ok(Item {
        age: target.as_of.map(|as_of| authority.now().since(as_of)),
        record: Record::render(&row, &target, &authority, fields)?,
    })
}
