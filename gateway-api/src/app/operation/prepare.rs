//! Preparation: everything that the steps of an operation need.

use gateway_core::driver::{Known, References, Touched};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_sessions::OpenSession;
use gateway_store::{CompletedStep, Operation};
use serde_json::Value;

use super::references::named_resources;
use super::scope::AccountScope;
use super::{Operations, spec_of};

/// The session and the records of an operation.
pub(super) struct Prepared {
    pub(super) scope: AccountScope,
    pub(super) opened: OpenSession,
    /// The resource that the command acts on; none for a create.
    pub(super) target: Option<Known>,
    pub(super) named: References,
}

impl Prepared {
    /// Returns a resource that a step created or changed, as the journal keeps it.
    pub(super) fn made(&self, ordinal: u32, touched: &Touched) -> CompletedStep {
        let id = self.opened.cloud.resource_id(&self.scope.region, touched.kind, &touched.native_key);
        CompletedStep { ordinal, kind: touched.kind, native_key: touched.native_key.clone(), id }
    }
}

impl Operations {
    /// Opens the session of an operation and looks up its resources.
    pub(super) async fn prepare(
        &self,
        operation: &Operation,
        body: &Value,
        scope: AccountScope,
    ) -> Result<Prepared> {
        let opened = self.open(operation.principal, operation.account, operation.cloud).await?;
        self.share_budget(operation.account, &opened.budget).await?;
        let target = match operation.resource {
            None => None,
            // A poll may have found that the resource is gone.
            Some(id) => Some(
                scope
                    .known(&self.store, operation.kind, id)
                    .await?
                    .ok_or_else(|| Error::new(ErrorKind::NotFound, "the resource is gone"))?,
            ),
        };
        let (named, errors) = named_resources(&self.store, &scope, spec_of(operation)?, body).await?;
        match errors.into_iter().next() {
            None => Ok(Prepared { scope, opened, target, named }),
            Some(error) => Err(Error::invalid(error.detail).at(error.pointer).untouched()),
        }
    }

    /// Loads the scope of an operation.
    pub(super) async fn scope_of(&self, operation: &Operation) -> Result<AccountScope> {
        AccountScope::load(&self.store, operation.cloud, operation.region.clone(), operation.account).await
    }

    /// Drops the cached session of an operation, whose credential was refused.
    pub(super) async fn forget_session(&self, operation: &Operation) -> Result<()> {
        let credential = self.store.credential_of(operation.principal, operation.account).await?;
        credential.into_iter().for_each(|credential| self.sessions.forget(credential.id));
        Ok(())
    }
}
