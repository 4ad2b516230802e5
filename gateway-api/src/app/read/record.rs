//! Records as documents of their reader.

use gateway_core::document::rendering::{Identity, resource_text};
use gateway_core::id::{Holder, ResourceId, TargetId};
use gateway_core::{Kind, Timestamp};
use gateway_store::{Authority, ResourceRow, Store, VisibleTarget};
use serde_json::value::RawValue;

use super::fields::Fields;
use crate::app::{Error, Result};

/// A record and its document for one reader.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) target: TargetId,
    pub(crate) id: ResourceId,
    pub(crate) version: i64,
    pub(crate) changed_at: Timestamp,
    pub(crate) document: Box<RawValue>,
}

impl Record {
    /// Renders a row that the reader may see.
    pub(super) fn render(row: &ResourceRow, authority: &Authority, fields: &Fields) -> Result<Self> {
        Ok(Self {
            target: row.target,
            id: row.id,
            version: row.version,
            changed_at: row.changed_at,
            document: fields.select(render(row, authority)?)?,
        })
    }
}

/// Returns the document of a row that the reader may see.
pub(super) fn render(row: &ResourceRow, authority: &Authority) -> Result<Box<RawValue>> {
    let target = expect_target(row, authority)?;
    let identity = Identity {
        id: row.id,
        kind: target.kind,
        version: row.version,
        cloud: &target.cloud_name,
        region: &target.region,
        holder: target.holder,
        changed_at: row.changed_at,
        accounts: &authority.acts_for,
    };
    Ok(resource_text(&row.document, row.raw.as_deref(), &identity)?)
}

/// Returns the target of a row that was read for this reader.
pub(super) fn expect_target<'a>(row: &ResourceRow, authority: &'a Authority) -> Result<&'a VisibleTarget> {
    target_of(row, authority).ok_or_else(|| Error::internal("a row outside the caller's targets was read"))
}

/// Returns the target of a row, if the reader may see it.
pub(crate) fn target_of<'a>(row: &ResourceRow, authority: &'a Authority) -> Option<&'a VisibleTarget> {
    let index = authority.targets.binary_search_by_key(&row.target, |target| target.id).ok()?;
    authority.targets.get(index)
}

/// Returns the record of a resource, if the reader may see one.
pub(crate) async fn find_row(
    store: &Store,
    authority: &Authority,
    kind: Kind,
    id: ResourceId,
    raw: bool,
) -> Result<Option<ResourceRow>> {
    let rows = store.resource_get(id, raw).await?;
    let visible = rows.into_iter().filter_map(|row| {
        let target = target_of(&row, authority).filter(|target| target.kind == kind)?;
        Some(((target.holder == Holder::Global, target.id), row))
    });
    // The account's own record holds more than the published one.
    Ok(visible.min_by_key(|(rank, _)| *rank).map(|(_, row)| row))
}
