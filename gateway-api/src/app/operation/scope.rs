//! Where an operation happens, and the records that it may name.

use gateway_core::Kind;
use gateway_core::driver::Known;
use gateway_core::error::{Error, Result};
use gateway_core::id::{AccountId, CloudId, Holder, Region, ResourceId, Scope, TargetId};
use gateway_store::{Authority, ResourceRow, Store};
use serde_json::{Map, Value};

/// One account in one region, with the targets whose records it sees there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) cloud: CloudId,
    pub(crate) region: Region,
    pub(crate) account: AccountId,
    targets: Vec<(TargetId, Kind, Holder)>,
}

impl Place {
    /// As a caller sees it.
    pub(crate) fn seen_by(authority: &Authority, cloud: CloudId, region: Region, account: AccountId) -> Self {
        let here = |holder: Holder| matches!(holder, Holder::Global) || holder == Holder::Account(account);
        let targets = authority
            .targets
            .iter()
            .filter(|target| target.cloud == cloud && target.region == region && here(target.holder));
        let targets = targets.map(|target| (target.id, target.kind, target.holder)).collect();
        Self { cloud, region, account, targets }
    }

    /// As the store has it.
    pub(crate) async fn load(
        store: &Store,
        cloud: CloudId,
        region: Region,
        account: AccountId,
    ) -> Result<Self> {
        let mut targets = Vec::new();
        for holder in [Holder::Account(account), Holder::Global] {
            let scope = Scope { cloud, region: region.clone(), holder };
            targets.extend(store.targets_of(scope).await?.into_iter().map(|(id, kind)| (id, kind, holder)));
        }
        Ok(Self { cloud, region, account, targets })
    }

    /// The target that has the records of a kind for a holder.
    pub(crate) fn target(&self, kind: Kind, holder: Holder) -> Option<TargetId> {
        let target = self.targets.iter().find(|(_, of, by)| *of == kind && *by == holder);
        target.map(|(id, ..)| *id)
    }

    /// The account's own targets of a kind.
    pub(crate) fn own(&self, kind: Kind) -> Option<TargetId> {
        self.target(kind, Holder::Account(self.account))
    }

    /// The record that the account sees of a resource: its own before the published one.
    pub(crate) async fn row(
        &self,
        store: &Store,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Option<(ResourceRow, Holder)>> {
        let rows = store.resource_get(id, false).await?;
        let mut seen: Vec<_> = rows
            .into_iter()
            .filter_map(|row| {
                let (_, of, holder) = self.targets.iter().find(|(target, ..)| *target == row.target)?;
                (*of == kind).then_some((row, *holder))
            })
            .collect();
        seen.sort_by_key(|(_, holder)| *holder == Holder::Global);
        Ok(seen.into_iter().next())
    }

    /// The same, as drivers get it.
    pub(crate) async fn known(&self, store: &Store, kind: Kind, id: ResourceId) -> Result<Option<Known>> {
        match self.row(store, kind, id).await? {
            None => Ok(None),
            Some((row, _)) => known(kind, row).map(Some),
        }
    }
}

fn known(kind: Kind, row: ResourceRow) -> Result<Known> {
    let mut document: Map<String, Value> = serde_json::from_str(&row.document).map_err(Error::internal)?;
    // What the store writes in front of it.
    document.remove("links");
    document.remove("may");
    let text = |field: &str| document.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Known {
        id: row.id,
        kind,
        external_id: text("external_id"),
        name: text("name"),
        native_key: row.native_key,
        document,
    })
}
