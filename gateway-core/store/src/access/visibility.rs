//! Visibility: the clouds, regions, accounts and kinds that a principal may see, derived from its live grants.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, Holder, PrincipalId, Region};
use gateway_core::{Kind, Timestamp};

use super::listable::Access;
use crate::db::schema::{accounts, clouds, grants};
use crate::db::{Session, Store, corrupt, database};

/// An account of a live grant.
#[derive(Clone, Debug)]
pub struct VisibleAccount {
    /// Account.
    pub id: AccountId,
    /// Cloud of the account.
    pub cloud: CloudId,
    /// The cloud's id.
    pub external_id: String,
    /// Regions and kinds that the principal's own credential may list. Accounts with equal access share it.
    pub access: Arc<Access>,
}

/// A cloud of a live grant.
#[derive(Clone, Debug)]
pub struct VisibleCloud {
    /// Name.
    pub name: String,
    /// Driver.
    pub driver: String,
    /// Regions and kinds that at least one of the principal's credentials may list, and so the published resources that
    /// the principal may see.
    published: Access,
}

impl VisibleCloud {
    /// Returns whether the principal may see published resources of a kind in a region.
    pub fn publishes(&self, region: &Region, kind: Kind) -> bool {
        self.published.allows(region, kind)
    }
}

/// The scopes and kinds that a principal may see.
#[derive(Clone, Debug, Default)]
pub struct Visibility {
    /// Generation that was read before the grants. The grants may be newer, never older.
    pub generation: i64,
    /// Database time before the grants were read.
    pub read_at: Timestamp,
    principal: Option<PrincipalId>,
    /// Accounts and their ids, both in ascending order of ids.
    accounts: Vec<VisibleAccount>,
    ids: Vec<AccountId>,
    clouds: HashMap<CloudId, VisibleCloud>,
    regions: HashSet<Region>,
}

impl Visibility {
    /// Returns the principal.
    pub fn principal(&self) -> Option<PrincipalId> {
        self.principal
    }

    /// Returns the accounts of live grants, in ascending order of their ids.
    pub fn accounts(&self) -> &[VisibleAccount] {
        &self.accounts
    }

    /// Returns the ids of the accounts, in ascending order.
    pub fn account_ids(&self) -> &[AccountId] {
        &self.ids
    }

    /// Returns an account, if there is a live grant of it.
    pub fn account(&self, id: AccountId) -> Option<&VisibleAccount> {
        self.accounts.get(self.ids.binary_search(&id).ok()?)
    }

    /// Returns the clouds with a live grant.
    pub fn clouds(&self) -> impl Iterator<Item = (CloudId, &VisibleCloud)> {
        self.clouds.iter().map(|(id, cloud)| (*id, cloud))
    }

    /// Returns a cloud, if there is a live grant at it.
    pub fn cloud(&self, id: CloudId) -> Option<&VisibleCloud> {
        self.clouds.get(&id)
    }

    /// Returns whether a credential of the principal has been tried in a region of this name.
    pub fn knows_region(&self, name: &str) -> bool {
        self.regions.contains(&Region::new(name))
    }

    /// Returns whether the principal may see records of a kind that are kept for a holder.
    ///
    /// These are records of an account with a live grant, or published ones of a cloud with a live grant, of a kind that
    /// the principal's own credential may list.
    pub fn shows(&self, cloud: CloudId, holder: Holder, region: &Region, kind: Kind) -> bool {
        match holder {
            Holder::Global => self.clouds.get(&cloud).is_some_and(|at| at.publishes(region, kind)),
            Holder::Account(id) => self
                .account(id)
                .is_some_and(|account| account.cloud == cloud && account.access.allows(region, kind)),
        }
    }
}

/// The parsed texts of `access`. Most grants of a principal have one of a few, which are parsed and merged once.
#[derive(Default)]
struct Accesses {
    parsed: HashMap<String, Arc<Access>>,
    /// Texts that are part of what a cloud publishes to the principal.
    merged: HashSet<(CloudId, String)>,
}

impl Visibility {
    fn add(&mut self, row: GrantRow, accesses: &mut Accesses) -> Result<()> {
        let (id, cloud, external_id, name, driver, text) = row;
        let id = AccountId::from_bytes(&id).ok_or_else(|| corrupt("account id"))?;
        let cloud = CloudId::from_bytes(&cloud).ok_or_else(|| corrupt("cloud id"))?;
        let access = match accesses.parsed.get(&text) {
            Some(access) => Arc::clone(access),
            None => {
                let access = Arc::new(Access::parse(&text)?);
                self.regions.extend(access.0.keys().cloned());
                accesses.parsed.insert(text.clone(), Arc::clone(&access));
                access
            }
        };
        let published = Access::default();
        let at = self.clouds.entry(cloud).or_insert_with(|| VisibleCloud { name, driver, published });
        if accesses.merged.insert((cloud, text)) {
            at.published.extend(&access);
        }
        self.ids.push(id);
        self.accounts.push(VisibleAccount { id, cloud, external_id, access });
        Ok(())
    }
}

/// A live grant: account, cloud, external id, name and driver of the cloud, access.
type GrantRow = (Vec<u8>, Vec<u8>, String, String, String, String);

impl Store {
    /// Returns what a principal may see; nothing if the principal does not exist.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn visibility(&self, principal: PrincipalId) -> Result<Visibility> {
        self.read(move |session| session.visibility(principal)).await
    }
}

impl Session<'_> {
    fn visibility(&mut self, principal: PrincipalId) -> Result<Visibility> {
        let mut visibility = Visibility {
            read_at: self.now()?,
            generation: self.generation(principal)?,
            principal: Some(principal),
            ..Visibility::default()
        };
        let mut rows = grants::table
            .inner_join(accounts::table.on(accounts::id.eq(grants::account_id)))
            .inner_join(clouds::table.on(clouds::id.eq(grants::cloud_id)))
            .filter(grants::principal_id.eq(principal.to_bytes()))
            .select((
                accounts::id,
                accounts::cloud_id,
                accounts::external_id,
                clouds::name,
                clouds::driver,
                grants::access,
            ))
            .load::<GrantRow>(self.connection)
            .map_err(database)?;
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut accesses = Accesses::default();
        for row in rows {
            visibility.add(row, &mut accesses)?;
        }
        Ok(visibility)
    }
}
