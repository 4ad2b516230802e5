//! Records as documents of their reader.

use gateway_core::document::rendering::{Identity, resource_text};
use gateway_core::id::{Holder, ResourceId, TargetId};
use gateway_core::{Kind, Timestamp};
use gateway_store::{ResourceRow, TargetState};
use serde_json::value::RawValue;

use super::fields::Fields;
use crate::app::visibility::{Authority, ScopeFilter, Targets};
use crate::app::{App, Error, Result};

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
    pub(super) fn render(
        row: &ResourceRow,
        target: &TargetState,
        authority: &Authority,
        fields: &Fields,
    ) -> Result<Self> {
        Ok(Self {
            target: row.target,
            id: row.id,
            version: row.version,
            changed_at: row.changed_at,
            document: fields.select(render(row, target, authority)?)?,
        })
    }
}

/// A record that the reader may see, with the state of its target.
#[derive(Debug)]
pub(crate) struct VisibleRecord {
    pub(crate) row: ResourceRow,
    pub(crate) target: TargetState,
}

impl VisibleRecord {
    /// Returns the document for a reader.
    pub(super) fn render(&self, authority: &Authority) -> Result<Box<RawValue>> {
        render(&self.row, &self.target, authority)
    }
}

/// Returns the document of a row that the reader may see.
pub(super) fn render(
    row: &ResourceRow,
    target: &TargetState,
    authority: &Authority,
) -> Result<Box<RawValue>> {
    let identity = Identity {
        id: row.id,
        kind: target.kind,
        version: row.version,
        cloud: authority.cloud_name(target.cloud).unwrap_or_default(),
        region: &target.region,
        holder: target.holder,
        changed_at: row.changed_at,
        accounts: authority.visibility.account_ids(),
    };
    Ok(resource_text(&row.document, row.raw.as_deref(), &identity)?)
}

/// Returns the target of a row of a listing.
pub(super) fn expect_target<'a>(row: &ResourceRow, targets: &'a Targets) -> Result<&'a TargetState> {
    targets.get(row.target).ok_or_else(|| Error::internal("a row outside the caller's targets was read"))
}

/// Records of a resource whose targets are looked at to find one that the reader may see. If there are more, such as of a
/// network that is shared with many accounts, the record is looked for in the reader's targets. A higher number looks at
/// more targets of others; a lower one at more of the reader's.
const FEW: usize = 20;

/// Returns the record of a resource, if the reader may see one. No record of others is read.
pub(crate) async fn find_record(
    app: &App,
    authority: &Authority,
    kind: Kind,
    id: ResourceId,
    raw: bool,
) -> Result<Option<VisibleRecord>> {
    let is_visible = |target: &TargetState| {
        target.kind == kind
            && authority.visibility.shows(target.cloud, target.holder, &target.region, target.kind)
    };
    // The account's own record holds more than the published one.
    let place = |target: &TargetState| (target.holder == Holder::Global, target.id);
    let mut places: Vec<_> = match app.store.resource_targets(id, FEW).await? {
        Some(targets) => targets.iter().filter(|target| is_visible(target)).map(place).collect(),
        None => {
            let of_kind = ScopeFilter { kind: Some(kind), ..ScopeFilter::default() };
            app.targets.select(authority, &of_kind, None).await?.iter().map(place).collect()
        }
    };
    places.sort_unstable();
    let targets = places.into_iter().map(|(_, target)| target).collect();
    let found = app.store.resource_find(id, targets, raw).await?;
    Ok(found.map(|(row, target)| VisibleRecord { row, target }))
}
