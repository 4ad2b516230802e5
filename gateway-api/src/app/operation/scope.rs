//! The scope of an operation: one account in one region, and the records that it can use there.

use std::collections::HashMap;

use gateway_core::Kind;
use gateway_core::driver::Known;
use gateway_core::error::{Error, Result};
use gateway_core::id::{AccountId, CloudId, Holder, Region, ResourceId, Scope, TargetId};
use gateway_store::{ResourceRow, Store, Visibility};
use serde_json::{Map, Value};

/// An account in a region, with the poll targets whose records it can use: its own and the published ones.
#[derive(Clone, Debug)]
pub(crate) struct AccountScope {
    pub(crate) cloud: CloudId,
    pub(crate) region: Region,
    pub(crate) account: AccountId,
    targets: Vec<(TargetId, Kind, Holder)>,
}

impl AccountScope {
    /// Reduces the scope to the targets that a caller may see.
    pub(crate) fn visible_to(mut self, visibility: &Visibility) -> Self {
        let (cloud, region) = (self.cloud, &self.region);
        self.targets.retain(|(_, kind, holder)| visibility.shows(cloud, *holder, region, *kind));
        self
    }

    /// Loads the scope with all its targets.
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

    /// Returns the target with the records of a kind for a holder.
    pub(crate) fn target(&self, kind: Kind, holder: Holder) -> Option<TargetId> {
        let target = self.targets.iter().find(|(_, of, by)| *of == kind && *by == holder);
        target.map(|(id, ..)| *id)
    }

    /// Returns the account's own target of a kind.
    pub(crate) fn own_target(&self, kind: Kind) -> Option<TargetId> {
        self.target(kind, Holder::Account(self.account))
    }

    /// Returns the records of resources by kind and id, read at once: the account's own before the published one.
    pub(crate) async fn rows(
        &self,
        store: &Store,
        ids: Vec<ResourceId>,
    ) -> Result<HashMap<(Kind, ResourceId), (ResourceRow, Holder)>> {
        let mut usable = HashMap::new();
        let targets = self.targets.iter().map(|(target, ..)| *target).collect();
        for row in store.resources_get(targets, ids).await? {
            let target = self.targets.iter().find(|(target, ..)| *target == row.target);
            let Some((_, kind, holder)) = target else { continue };
            let key = (*kind, row.id);
            if *holder != Holder::Global || !usable.contains_key(&key) {
                usable.insert(key, (row, *holder));
            }
        }
        Ok(usable)
    }

    /// Returns the record of a resource in the form that drivers get.
    pub(crate) async fn known(&self, store: &Store, kind: Kind, id: ResourceId) -> Result<Option<Known>> {
        let row = self.rows(store, vec![id]).await?.remove(&(kind, id));
        row.map(|(row, _)| known(kind, row)).transpose()
    }
}

/// Returns a record in the form that drivers get.
pub(super) fn known(kind: Kind, row: ResourceRow) -> Result<Known> {
    let mut document: Map<String, Value> = serde_json::from_str(&row.document).map_err(Error::internal)?;
    // The store adds these two to the driver's document.
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
