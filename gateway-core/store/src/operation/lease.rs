//! What is done to an operation under its lease: from writing it down to how it ended.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{OperationId, ProcessId, ResourceId};

use super::{
    CompletedStep, NewOperation, Operation, OperationLease, OperationOutcome, OperationStart, OperationState,
    Row, Settlement,
};
use crate::Store;
use crate::connection::for_update;
use crate::error::database;
use crate::schema::operations;
use crate::target::NEVER;

impl Store {
    /// Writes an operation down and leases it, unless its request or its key stands for one already. Of many that
    /// come with the same key at once, one is new.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operation_begin(
        &self,
        new: NewOperation,
        owner: ProcessId,
        lease: Duration,
    ) -> Result<OperationStart> {
        self.write(move |session| {
            let known = session.operation_find(new.principal, new.message, new.key.as_deref())?;
            if let Some(known) = known {
                return Ok(OperationStart::Existing(Box::new(known)));
            }
            let now = session.now()?;
            let row = Row {
                id: new.id.to_bytes(),
                principal_id: new.principal.to_bytes(),
                message_id: new.message.as_bytes().to_vec(),
                idempotency_key: new.key.clone(),
                digest: new.digest.to_vec(),
                account_id: new.account.to_bytes(),
                cloud_id: new.cloud.to_bytes(),
                region: new.region.as_str().to_owned(),
                kind: new.kind.as_str().to_owned(),
                verb: new.verb.as_str().to_owned(),
                resource_id: new.resource.map(ResourceId::to_bytes),
                state: OperationState::Accepted.as_str().to_owned(),
                sealed: new.sealed.clone(),
                attempts: 0,
                lease_owner: Some(owner.to_bytes()),
                lease_epoch: 1,
                due_at: now.plus(lease).0,
                accepted_at: now.0,
                sent_at: None,
                finished_at: None,
                made: "[]".to_owned(),
                status: None,
                answer: None,
                cloud_words: None,
            };
            session.note(&row, OperationState::Accepted, None, None)?;
            diesel::insert_into(operations::table)
                .values(row)
                .execute(session.connection)
                .map_err(database)?;
            Ok(OperationStart::New(OperationLease { operation: new.id, epoch: 1 }))
        })
        .await
    }

    /// Takes up an operation that nobody works on; `None` while somebody does, or when it is over.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operation_claim(
        &self,
        id: OperationId,
        owner: ProcessId,
        lease: Duration,
    ) -> Result<Option<(Operation, OperationLease)>> {
        self.write(move |session| {
            let now = session.now()?;
            let due = operations::table.find(id.to_bytes()).filter(operations::due_at.le(now.0));
            if for_update!(session, due.select(operations::lease_epoch), i64)?.is_empty() {
                return Ok(None);
            }
            let mut row = session.operation_row(id)?;
            let epoch = row.lease_epoch + 1;
            // Who had it and did not give it back may have asked until its lease ended.
            if row.state == OperationState::Running.as_str() {
                row.sent_at = row.sent_at.map(|sent| sent.max(row.due_at));
            }
            diesel::update(operations::table.find(id.to_bytes()))
                .set((
                    operations::sent_at.eq(row.sent_at),
                    operations::lease_epoch.eq(epoch),
                    operations::lease_owner.eq(owner.to_bytes()),
                    operations::due_at.eq(now.plus(lease).0),
                ))
                .execute(session.connection)
                .map_err(database)?;
            Ok(Some((row.into_operation()?, OperationLease { operation: id, epoch })))
        })
        .await
    }

    /// Keeps the lease for so long from now; of one that was given back, nothing is kept.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has it.
    pub async fn operation_renew(&self, held: OperationLease, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let until = session.now()?.plus(lease).0;
            let changed = diesel::update(ours(held).filter(operations::lease_owner.is_not_null()))
                .set(operations::due_at.eq(until))
                .execute(session.connection)
                .map_err(database)?;
            if changed > 0 {
                return Ok(());
            }
            // Our own settling may be ahead of our own keeping: that is no loss.
            let epoch = operations::table.find(held.operation.to_bytes()).select(operations::lease_epoch);
            let epoch: Option<i64> = epoch.first(session.connection).optional().map_err(database)?;
            lost_unless(usize::from(epoch == Some(held.epoch)))
        })
        .await
    }

    /// Writes down that a cloud will be asked now.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has the lease.
    pub async fn operation_call_started(&self, held: OperationLease, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            let changed = diesel::update(ours(held))
                .set((
                    operations::state.eq(OperationState::Running.as_str()),
                    operations::attempts.eq(operations::attempts + 1),
                    operations::sent_at.eq(now.0),
                    operations::due_at.eq(now.plus(lease).0),
                ))
                .execute(session.connection)
                .map_err(database)?;
            lost_unless(changed)
        })
        .await
    }

    /// Keeps the lease of an operation whose call to the cloud is under way and may be for long: it is as if the
    /// cloud were asked just now.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has the lease.
    pub async fn operation_call_continues(&self, held: OperationLease, lease: Duration) -> Result<()> {
        self.write(move |session| {
            let now = session.now()?;
            let changed = diesel::update(ours(held))
                .set((operations::sent_at.eq(now.0), operations::due_at.eq(now.plus(lease).0)));
            lost_unless(changed.execute(session.connection).map_err(database)?)
        })
        .await
    }

    /// Writes down that a cloud was being asked until now, and has not told what it did.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has the lease.
    pub async fn operation_call_ended(&self, held: OperationLease) -> Result<Timestamp> {
        self.write(move |session| {
            let now = session.now()?;
            let changed = diesel::update(ours(held)).set(operations::sent_at.eq(now.0));
            lost_unless(changed.execute(session.connection).map_err(database)?)?;
            Ok(now)
        })
        .await
    }

    /// Writes down what it has done so far.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has the lease.
    pub async fn operation_record_steps(
        &self,
        held: OperationLease,
        completed: Vec<CompletedStep>,
    ) -> Result<()> {
        let made = serde_json::to_string(&completed).map_err(Error::internal)?;
        self.write(move |session| {
            let changed = diesel::update(ours(held)).set((
                operations::made.eq(&made),
                operations::sent_at.eq(None::<i64>),
                operations::attempts.eq(0),
            ));
            lost_unless(changed.execute(session.connection).map_err(database)?)
        })
        .await
    }

    /// Writes down how it ended, or that it has to be looked at again, and gives the lease back.
    ///
    /// # Errors
    /// `LeaseLost` when somebody else has the lease.
    pub async fn operation_settle(
        &self,
        held: OperationLease,
        outcome: OperationOutcome,
        settled: Settlement,
    ) -> Result<()> {
        let words =
            outcome.cloud_words.as_ref().map(serde_json::to_string).transpose().map_err(Error::internal)?;
        let made = serde_json::to_string(&outcome.completed).map_err(Error::internal)?;
        self.write(move |session| {
            if for_update!(session, ours(held).select(operations::lease_epoch), i64)?.is_empty() {
                return Err(lost());
            }
            let row = session.operation_row(held.operation)?;
            let now = session.now()?;
            let (due, finished) = match settled {
                Settlement::Final => (NEVER, Some(now.0)),
                Settlement::RetryIn(wait) => (now.plus(wait).0, None),
            };
            let status = i32::from(outcome.status);
            // A look that found nothing new is no news.
            if row.state != outcome.state.as_str() || finished.is_some() {
                let code = outcome.cloud_words.as_ref().map(|words| words.code.as_str());
                session.note(&row, outcome.state, Some(status), code)?;
            }
            diesel::update(operations::table.find(held.operation.to_bytes()))
                .set((
                    operations::state.eq(outcome.state.as_str()),
                    operations::due_at.eq(due),
                    operations::lease_owner.eq(None::<Vec<u8>>),
                    operations::finished_at.eq(finished),
                    // What is only accepted was asked of no cloud, as far as it matters.
                    operations::sent_at.eq(if outcome.state == OperationState::Accepted {
                        None
                    } else {
                        row.sent_at
                    }),
                    operations::made.eq(&made),
                    operations::status.eq(status),
                    operations::answer.eq(&outcome.answer),
                    operations::cloud_words.eq(&words),
                    operations::sealed.eq(if finished.is_some() { "" } else { &row.sealed }),
                ))
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }
}

/// The operation, as long as the lease is ours.
#[diesel::dsl::auto_type(no_type_alias)]
fn ours(held: OperationLease) -> _ {
    let (id, epoch): (Vec<u8>, i64) = (held.operation.to_bytes(), held.epoch);
    operations::table
        .filter(operations::id.eq(id))
        .filter(operations::lease_epoch.eq(epoch))
        .filter(operations::finished_at.is_null())
}

fn lost() -> Error {
    Error::new(ErrorKind::LeaseLost, "somebody else works on this operation now")
}

fn lost_unless(changed: usize) -> Result<()> {
    if changed == 0 { Err(lost()) } else { Ok(()) }
}
