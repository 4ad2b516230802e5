//! The target of a command: the account that it is run for, and the resource.

use gateway_core::Kind;
use gateway_core::document::links::Stored;
use gateway_core::id::{AccountId, CloudId, Region, ResourceId};
use gateway_core::kind::{Verb, VerbSpec, When};
use gateway_core::shares::CallKey;
use serde_json::{Map, Value};

use crate::app::access::Caller;
use crate::app::error::{InvalidState, Requirement};
use crate::app::read::{VisibleRecord, find_record};
use crate::app::{App, Error, Result};

/// The account, cloud and region of a command, and its resource.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(super) account: AccountId,
    pub(super) cloud: CloudId,
    pub(super) region: Region,
    /// The type of cloud.
    pub(super) driver: String,
    /// None for a create.
    pub(super) resource: Option<Resource>,
}

/// The resource of a command, as its record shows it.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) id: ResourceId,
    /// The verbs that its record allows.
    actions: Vec<Verb>,
    document: Map<String, Value>,
}

impl Target {
    /// Returns the target of a resource that the caller has access to and owns.
    pub(super) async fn of_resource(app: &App, caller: &Caller, kind: Kind, id: ResourceId) -> Result<Self> {
        let found = find_record(app, &caller.authority, kind, id, false).await?;
        Self::of_record(caller, &found.ok_or(Error::UnknownResource)?)
    }

    /// Returns the target of a record that the caller has access to, if the caller owns the resource.
    pub(super) fn of_record(caller: &Caller, record: &VisibleRecord) -> Result<Self> {
        let (visibility, VisibleRecord { row, target }) = (&caller.authority.visibility, record);
        let unreadable = || Error::internal("a record cannot be read");
        let stored = Stored::read(&row.document).ok_or_else(unreadable)?;
        let document: Map<String, Value> =
            serde_json::from_str(&row.document).map_err(gateway_core::Error::internal)?;
        let owner = stored.owner().or(target.holder.account());
        let account = owner.and_then(|owner| visibility.account(owner));
        let owned_by = document.get("owner").and_then(Value::as_str);
        let account = account.filter(|account| owned_by.is_none_or(|owner| owner == account.external_id));
        let account = account.ok_or(Error::NotOwner)?;
        let cloud = visibility.cloud(account.cloud).ok_or_else(unreadable)?;
        Ok(Self {
            account: account.id,
            cloud: target.cloud,
            region: target.region.clone(),
            driver: cloud.driver.clone(),
            resource: Some(Resource {
                id: row.id,
                actions: stored.actions(visibility.account_ids()),
                document,
            }),
        })
    }

    /// Returns the share keys of a request that waits for an operation on the target.
    pub(super) fn call_path(&self) -> [CallKey; 2] {
        CallKey::for_account(self.cloud, self.region.clone(), self.account)
    }

    /// Refuses a verb that the driver does not support or that the resource does not allow now.
    pub(super) fn expect(&self, app: &App, kind: Kind, spec: &VerbSpec) -> Result<()> {
        let verb = spec.verb;
        let driver = app.drivers.get(&self.driver);
        let Some(support) = driver.and_then(|driver| driver.capability().can(kind, verb)) else {
            return Err(Error::Unsupported { driver: self.driver.clone(), kind, verb });
        };
        match &self.resource {
            Some(resource) if !resource.actions.contains(&verb) => {
                Err(Error::InvalidState(Box::new(resource.refusal(spec, support.only))))
            }
            _ => Ok(()),
        }
    }
}

impl Resource {
    fn refusal(&self, spec: &VerbSpec, only: When) -> InvalidState {
        let text =
            |field: &str| self.document.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let state = text("state");
        let is_set = |field: &&'static str| self.document.get(*field) == Some(&Value::Bool(true));
        let required = if !spec.when.takes(state) {
            Requirement::State(spec.when)
        } else if !only.takes(state) {
            Requirement::State(only)
        } else {
            spec.unless.filter(is_set).map_or(Requirement::Unknown, Requirement::Unset)
        };
        InvalidState {
            name: text("name").map_or_else(|| self.id.to_string(), ToOwned::to_owned),
            verb: spec.verb,
            state: state.map(ToOwned::to_owned),
            required,
            actions: self.actions.clone(),
        }
    }
}
