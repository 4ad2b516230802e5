//! The begin of operations.

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::Kind;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, ProcessId, Region, ResourceId};
use gateway_core::kind::Verb;
use uuid::Uuid;

use super::lease::OperationLease;
use super::record::{Operation, OperationRow};
use super::state::OperationState;
use crate::db::schema::operations;
use crate::db::{Store, database};

/// An operation to begin.
#[derive(Clone)]
pub struct NewOperation {
    /// Id.
    pub id: OperationId,
    /// Principal of the request.
    pub principal: PrincipalId,
    /// Message id of the request.
    pub message: Uuid,
    /// `Idempotency-Key` of the request.
    pub key: Option<String>,
    /// SHA-256 of the request.
    pub digest: [u8; 32],
    /// Account.
    pub account: AccountId,
    /// Cloud.
    pub cloud: CloudId,
    /// Region.
    pub region: Region,
    /// Kind of the resource.
    pub kind: Kind,
    /// Verb.
    pub verb: Verb,
    /// Resource; `None` for a create.
    pub resource: Option<ResourceId>,
    /// Sealed command, with which another process can take over. It may hold secrets.
    pub sealed: String,
}

/// The result of [`Store::operation_begin`].
#[derive(Debug)]
pub enum OperationStart {
    /// A new operation, leased to the caller.
    New(OperationLease),
    /// An operation of the same request or key.
    Existing(Box<Operation>),
}

impl Store {
    /// Begins an operation and leases it, unless its request or its key already stands for one. Of many concurrent
    /// requests with one key, one begins an operation.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
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
            let row = OperationRow {
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
            session.audit_add(&row, OperationState::Accepted, None, None)?;
            diesel::insert_into(operations::table)
                .values(row)
                .execute(session.connection)
                .map_err(database)?;
            Ok(OperationStart::New(OperationLease { operation: new.id, epoch: 1 }))
        })
        .await
    }
}
