//! The calls to clouds that an operation makes.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::{Error, Result};

use super::lease::{OperationLease, leased};
use super::record::CompletedStep;
use super::state::OperationState;
use crate::db::schema::operations;
use crate::db::{Store, database};

impl Store {
    /// Records that a call to the cloud starts now.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
    pub async fn operation_call_started(&self, held: OperationLease, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            let changed = diesel::update(leased(held))
                .set((
                    operations::state.eq(OperationState::Running.as_str()),
                    operations::attempts.eq(operations::attempts + 1),
                    operations::sent_at.eq(now.0),
                    operations::due_at.eq(now.plus(lease).0),
                ))
                .execute(session.connection)
                .map_err(database)?;
            held.require(changed)
        })
        .await
    }

    /// Extends the lease during a long call to the cloud, which then counts from now.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
    pub async fn operation_call_continues(&self, held: OperationLease, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            let changed = diesel::update(leased(held))
                .set((operations::sent_at.eq(now.0), operations::due_at.eq(now.plus(lease).0)));
            held.require(changed.execute(session.connection).map_err(database)?)
        })
        .await
    }

    /// Records that a call to the cloud ended now without a known effect.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
    pub async fn operation_call_ended(&self, held: OperationLease) -> Result<Timestamp> {
        self.write(move |session| {
            let now = session.now()?;
            let changed = diesel::update(leased(held)).set(operations::sent_at.eq(now.0));
            held.require(changed.execute(session.connection).map_err(database)?)?;
            Ok(now)
        })
        .await
    }

    /// Records the completed steps.
    ///
    /// # Errors
    /// `LeaseLost` if another process has the lease.
    pub async fn operation_record_steps(
        &self,
        held: OperationLease,
        completed: Vec<CompletedStep>,
    ) -> Result<()> {
        let made = serde_json::to_string(&completed).map_err(Error::internal)?;
        self.write(move |session| {
            let changed = diesel::update(leased(held)).set((
                operations::made.eq(&made),
                operations::sent_at.eq(None::<i64>),
                operations::attempts.eq(0),
            ));
            held.require(changed.execute(session.connection).map_err(database)?)
        })
        .await
    }
}
