//! Lookup of operations.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::id::{OperationId, PrincipalId};
use uuid::Uuid;

use super::record::{Operation, OperationRow};
use super::state::OperationState;
use crate::db::schema::operations;
use crate::db::{Session, Store, database};

impl Store {
    /// Returns the operation with the message id or the idempotency key of a request, if there is one.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operation_find(
        &self,
        principal: PrincipalId,
        message: Uuid,
        key: Option<String>,
    ) -> Result<Option<Operation>> {
        self.read(move |session| session.operation_find(principal, message, key.as_deref())).await
    }

    /// Returns a principal's operations whose keys start with a text, by key.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operations_of_keys(
        &self,
        principal: PrincipalId,
        start: String,
        limit: i64,
    ) -> Result<Vec<Operation>> {
        self.read(move |session| {
            let rows: Vec<OperationRow> = operations::table
                .filter(operations::principal_id.eq(principal.to_bytes()))
                .filter(operations::idempotency_key.ge(&start))
                // The rest of such a key is an id, whose characters sort before `~`.
                .filter(operations::idempotency_key.lt(format!("{start}~")))
                .order(operations::idempotency_key)
                .limit(limit)
                .select(OperationRow::as_select())
                .load(session.connection)
                .map_err(database)?;
            let matches =
                |row: &OperationRow| row.idempotency_key.as_ref().is_some_and(|key| key.starts_with(&start));
            rows.into_iter().filter(matches).map(OperationRow::into_operation).collect()
        })
        .await
    }

    /// Returns an operation.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operation_get(&self, id: OperationId) -> Result<Option<Operation>> {
        self.read(move |session| {
            let row = operations::table
                .find(id.to_bytes())
                .select(OperationRow::as_select())
                .first(session.connection);
            row.optional().map_err(database)?.map(OperationRow::into_operation).transpose()
        })
        .await
    }

    /// Returns a principal's operations, the newest first, that began before another one.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn operation_list(
        &self,
        principal: PrincipalId,
        state: Option<OperationState>,
        before: Option<OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>> {
        self.read(move |session| {
            let mut query = operations::table
                .filter(operations::principal_id.eq(principal.to_bytes()))
                .order(operations::id.desc())
                .limit(i64::try_from(limit).unwrap_or(i64::MAX))
                .into_boxed();
            if let Some(before) = before {
                query = query.filter(operations::id.lt(before.to_bytes()));
            }
            if let Some(state) = state {
                query = query.filter(operations::state.eq(state.as_str()));
            }
            let rows: Vec<OperationRow> =
                query.select(OperationRow::as_select()).load(session.connection).map_err(database)?;
            rows.into_iter().map(OperationRow::into_operation).collect()
        })
        .await
    }
}

impl Session<'_> {
    pub(super) fn operation_find(
        &mut self,
        principal: PrincipalId,
        message: Uuid,
        key: Option<&str>,
    ) -> Result<Option<Operation>> {
        let of_principal = || {
            operations::table
                .filter(operations::principal_id.eq(principal.to_bytes()))
                .select(OperationRow::as_select())
                .into_boxed()
        };
        let by_message = of_principal().filter(operations::message_id.eq(message.as_bytes().to_vec()));
        let row: Option<OperationRow> = by_message.first(self.connection).optional().map_err(database)?;
        let row = match (row, key) {
            (None, Some(key)) => of_principal()
                .filter(operations::idempotency_key.eq(key))
                .first(self.connection)
                .optional()
                .map_err(database)?,
            (row, _) => row,
        };
        row.map(OperationRow::into_operation).transpose()
    }
}
