//! Operations as the store keeps them.

use diesel::prelude::*;
use gateway_core::error::{CloudWords, Result};
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, Region, ResourceId};
use gateway_core::kind::Verb;
use gateway_core::{Kind, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::OperationState;
use crate::db::schema::operations;
use crate::db::{Session, corrupt, database};

/// A completed step of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedStep {
    /// Number of the step; see [`gateway_core::marker::Marker::ordinal`].
    pub ordinal: u32,
    /// Kind of the resource that it created or changed.
    pub kind: Kind,
    /// Native key of the resource.
    pub native_key: String,
    /// Id of the resource.
    pub id: ResourceId,
}

/// A stored operation.
#[derive(Clone)]
pub struct Operation {
    /// Id.
    pub id: OperationId,
    /// Principal of the request.
    pub principal: PrincipalId,
    /// `Idempotency-Key` of the request.
    pub key: Option<String>,
    /// SHA-256 of the request.
    pub digest: Vec<u8>,
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
    /// State.
    pub state: OperationState,
    /// Sealed command; empty once the operation is over.
    pub sealed: String,
    /// Count of calls for the present step.
    pub attempts: i32,
    /// Time from which a process may claim it.
    pub due_at: Timestamp,
    /// Time of its begin.
    pub accepted_at: Timestamp,
    /// Time of the last call to the cloud.
    pub sent_at: Option<Timestamp>,
    /// Time of its final settlement.
    pub finished_at: Option<Timestamp>,
    /// Completed steps.
    pub completed: Vec<CompletedStep>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// Answer: a JSON document without one-time output.
    pub answer: Option<String>,
    /// The cloud's own error code and text.
    pub cloud_words: Option<CloudWords>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operation({} {} {} {:?})", self.id, self.verb, self.kind, self.state)
    }
}

impl Operation {
    /// Returns whether the operation has been settled for good.
    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = operations)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct OperationRow {
    pub(super) id: Vec<u8>,
    pub(super) principal_id: Vec<u8>,
    pub(super) message_id: Vec<u8>,
    pub(super) idempotency_key: Option<String>,
    pub(super) digest: Vec<u8>,
    pub(super) account_id: Vec<u8>,
    pub(super) cloud_id: Vec<u8>,
    pub(super) region: String,
    pub(super) kind: String,
    pub(super) verb: String,
    pub(super) resource_id: Option<Vec<u8>>,
    pub(super) state: String,
    pub(super) sealed: String,
    pub(super) attempts: i32,
    pub(super) lease_owner: Option<Vec<u8>>,
    pub(super) lease_epoch: i64,
    pub(super) due_at: i64,
    pub(super) accepted_at: i64,
    pub(super) sent_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
    pub(super) made: String,
    pub(super) status: Option<i32>,
    pub(super) answer: Option<String>,
    pub(super) cloud_words: Option<String>,
}

impl OperationRow {
    pub(super) fn into_operation(self) -> Result<Operation> {
        let resource =
            self.resource_id.map(|id| ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id")));
        let words =
            self.cloud_words.map(|words| serde_json::from_str(&words).map_err(|_| corrupt("cloud words")));
        Ok(Operation {
            id: OperationId::from_bytes(&self.id).ok_or_else(|| corrupt("operation id"))?,
            principal: PrincipalId::from_bytes(&self.principal_id).ok_or_else(|| corrupt("principal id"))?,
            key: self.idempotency_key,
            digest: self.digest,
            account: AccountId::from_bytes(&self.account_id).ok_or_else(|| corrupt("account id"))?,
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            region: Region::new(self.region),
            kind: Kind::parse(&self.kind).ok_or_else(|| corrupt("kind"))?,
            verb: Verb::parse(&self.verb).ok_or_else(|| corrupt("verb"))?,
            resource: resource.transpose()?,
            state: OperationState::parse(&self.state).ok_or_else(|| corrupt("operation state"))?,
            sealed: self.sealed,
            attempts: self.attempts,
            due_at: Timestamp(self.due_at),
            accepted_at: Timestamp(self.accepted_at),
            sent_at: self.sent_at.map(Timestamp),
            finished_at: self.finished_at.map(Timestamp),
            completed: serde_json::from_str(&self.made).map_err(|_| corrupt("list of completed steps"))?,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            answer: self.answer,
            cloud_words: words.transpose()?,
        })
    }
}

impl Session<'_> {
    pub(super) fn operation_row(&mut self, id: OperationId) -> Result<OperationRow> {
        let row = operations::table.find(id.to_bytes()).select(OperationRow::as_select());
        row.first(self.connection).map_err(database)
    }
}
