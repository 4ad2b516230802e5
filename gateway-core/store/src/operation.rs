//! Operations: one mutating request each, and what became of it. Whoever works on one holds a fenced lease.

mod lease;

use std::time::Duration;

use diesel::prelude::*;
use gateway_core::error::{CloudWords, Result};
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, Region, ResourceId};
use gateway_core::kind::Verb;
use gateway_core::{Kind, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::NewLine;
use crate::error::{corrupt, database};
use crate::schema::{operations, principals};
use crate::target::NEVER;
use crate::{Session, Store};

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It is written down; no cloud was asked.
    Accepted,
    /// A cloud is being asked.
    Running,
    /// The cloud has taken it.
    Succeeded,
    /// It was refused, and changed nothing.
    Failed,
    /// Nobody knows whether the cloud has taken it.
    Unknown,
}

impl OperationState {
    const ALL: [Self; 5] = [Self::Accepted, Self::Running, Self::Succeeded, Self::Failed, Self::Unknown];

    /// The word in the store and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// One thing that an operation has done; see [`gateway_core::marker::Marker::ordinal`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedStep {
    /// Which of the things that it does.
    pub ordinal: u32,
    /// Kind of what it made or changed.
    pub kind: Kind,
    /// Its native key.
    pub native_key: String,
    /// The gateway's id of it.
    pub id: ResourceId,
}

/// An operation to be written down.
#[derive(Clone)]
pub struct NewOperation {
    /// Its id.
    pub id: OperationId,
    /// Who asks.
    pub principal: PrincipalId,
    /// By which request.
    pub message: Uuid,
    /// The key that the request was sent with.
    pub key: Option<String>,
    /// SHA-256 of the request.
    pub digest: [u8; 32],
    /// For which account.
    pub account: AccountId,
    /// At which cloud.
    pub cloud: CloudId,
    /// In which region.
    pub region: Region,
    /// Of which kind.
    pub kind: Kind,
    /// What.
    pub verb: Verb,
    /// To which resource.
    pub resource: Option<ResourceId>,
    /// The order, sealed: it may hold secrets, and somebody else may have to go on with it.
    pub sealed: String,
}

/// An operation as the store has it.
#[derive(Clone)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// Who asked.
    pub principal: PrincipalId,
    /// The key that the request was sent with.
    pub key: Option<String>,
    /// SHA-256 of the request.
    pub digest: Vec<u8>,
    /// For which account.
    pub account: AccountId,
    /// At which cloud.
    pub cloud: CloudId,
    /// In which region.
    pub region: Region,
    /// Of which kind.
    pub kind: Kind,
    /// What.
    pub verb: Verb,
    /// To which resource.
    pub resource: Option<ResourceId>,
    /// How far it has come.
    pub state: OperationState,
    /// The order, sealed; empty once it is over.
    pub sealed: String,
    /// How often a cloud was asked to do it.
    pub attempts: i32,
    /// From when on somebody may take it up.
    pub due_at: Timestamp,
    /// When it was written down.
    pub accepted_at: Timestamp,
    /// When a cloud was asked last.
    pub sent_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// What it has done.
    pub completed: Vec<CompletedStep>,
    /// The HTTP status of its answer.
    pub status: Option<u16>,
    /// Its answer, a JSON document without what is told once.
    pub answer: Option<String>,
    /// What the cloud said.
    pub cloud_words: Option<CloudWords>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Operation({} {} {} {:?})", self.id, self.verb, self.kind, self.state)
    }
}

impl Operation {
    /// Nothing more will become of it.
    pub fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }
}

/// The lease on an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationLease {
    /// The operation.
    pub operation: OperationId,
    /// The lease's number.
    pub epoch: i64,
}

/// What [`Store::operation_begin`] found.
#[derive(Debug)]
pub enum OperationStart {
    /// It is written down, and ours to do.
    New(OperationLease),
    /// It was there already.
    Existing(Box<Operation>),
}

/// How an operation ends.
#[derive(Clone, Debug)]
pub struct OperationOutcome {
    /// Succeeded, failed or unknown.
    pub state: OperationState,
    /// The HTTP status of its answer.
    pub status: u16,
    /// Its answer.
    pub answer: String,
    /// What it has done.
    pub completed: Vec<CompletedStep>,
    /// What the cloud said.
    pub cloud_words: Option<CloudWords>,
}

/// Whether something will still become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is over.
    Final,
    /// Somebody looks again after that time.
    RetryIn(Duration),
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = operations)]
#[diesel(treat_none_as_default_value = false)]
struct Row {
    id: Vec<u8>,
    principal_id: Vec<u8>,
    message_id: Vec<u8>,
    idempotency_key: Option<String>,
    digest: Vec<u8>,
    account_id: Vec<u8>,
    cloud_id: Vec<u8>,
    region: String,
    kind: String,
    verb: String,
    resource_id: Option<Vec<u8>>,
    state: String,
    sealed: String,
    attempts: i32,
    lease_owner: Option<Vec<u8>>,
    lease_epoch: i64,
    due_at: i64,
    accepted_at: i64,
    sent_at: Option<i64>,
    finished_at: Option<i64>,
    made: String,
    status: Option<i32>,
    answer: Option<String>,
    cloud_words: Option<String>,
}

impl Row {
    fn into_operation(self) -> Result<Operation> {
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
            completed: serde_json::from_str(&self.made).map_err(|_| corrupt("list of what was made"))?,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            answer: self.answer,
            cloud_words: words.transpose()?,
        })
    }
}

impl Store {
    /// The operation that a request or its key stands for, if there is one.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operation_find(
        &self,
        principal: PrincipalId,
        message: Uuid,
        key: Option<String>,
    ) -> Result<Option<Operation>> {
        self.read(move |session| session.operation_find(principal, message, key.as_deref())).await
    }

    /// A principal's operations whose keys begin so, by key.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operations_of_keys(
        &self,
        principal: PrincipalId,
        start: String,
        limit: i64,
    ) -> Result<Vec<Operation>> {
        self.read(move |session| {
            let rows: Vec<Row> = operations::table
                .filter(operations::principal_id.eq(principal.to_bytes()))
                .filter(operations::idempotency_key.ge(&start))
                // What follows is an id.
                .filter(operations::idempotency_key.lt(format!("{start}~")))
                .order(operations::idempotency_key)
                .limit(limit)
                .select(Row::as_select())
                .load(session.connection)
                .map_err(database)?;
            let is_one = |row: &Row| row.idempotency_key.as_ref().is_some_and(|key| key.starts_with(&start));
            rows.into_iter().filter(is_one).map(Row::into_operation).collect()
        })
        .await
    }

    /// One operation.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operation_get(&self, id: OperationId) -> Result<Option<Operation>> {
        self.read(move |session| {
            let row =
                operations::table.find(id.to_bytes()).select(Row::as_select()).first(session.connection);
            row.optional().map_err(database)?.map(Row::into_operation).transpose()
        })
        .await
    }

    /// A principal's operations, the newest first, from before that one on.
    ///
    /// # Errors
    /// Unavailable without a database.
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
            let rows: Vec<Row> = query.select(Row::as_select()).load(session.connection).map_err(database)?;
            rows.into_iter().map(Row::into_operation).collect()
        })
        .await
    }

    /// Operations that nobody works on and that are not over, with their accounts, without those of `full`; and when the
    /// next one is due besides.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operations_due(
        &self,
        limit: i64,
        full: Vec<AccountId>,
    ) -> Result<(Vec<(OperationId, AccountId)>, Option<Duration>)> {
        self.read(move |session| {
            let now = session.now()?;
            let rows = operations::table
                .filter(operations::due_at.lt(NEVER))
                .filter(operations::account_id.ne_all(full.iter().map(|account| account.to_bytes())))
                .order(operations::due_at)
                .limit(limit)
                .select((operations::id, operations::account_id, operations::due_at))
                .load::<(Vec<u8>, Vec<u8>, i64)>(session.connection)
                .map_err(database)?;
            let next = rows.iter().map(|(.., due)| Timestamp(*due)).find(|due| *due > now);
            let due = rows.iter().filter(|(.., due)| *due <= now.0);
            let ids = due.map(|(id, account, _)| {
                let id = OperationId::from_bytes(id).ok_or_else(|| corrupt("operation id"))?;
                Ok((id, AccountId::from_bytes(account).ok_or_else(|| corrupt("account id"))?))
            });
            Ok((ids.collect::<Result<_>>()?, next.map(|next| next.since(now))))
        })
        .await
    }

    /// Removes operations that were over before that moment; how many.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn operations_purge(&self, before: Timestamp, limit: i64) -> Result<usize> {
        self.write(move |session| {
            let old = operations::table
                .filter(operations::finished_at.lt(before.0))
                .limit(limit)
                .select(operations::id)
                .load::<Vec<u8>>(session.connection)
                .map_err(database)?;
            diesel::delete(operations::table.filter(operations::id.eq_any(old)))
                .execute(session.connection)
                .map_err(database)
        })
        .await
    }
}

impl Session<'_> {
    fn operation_find(
        &mut self,
        principal: PrincipalId,
        message: Uuid,
        key: Option<&str>,
    ) -> Result<Option<Operation>> {
        let of_principal = || {
            operations::table
                .filter(operations::principal_id.eq(principal.to_bytes()))
                .select(Row::as_select())
                .into_boxed()
        };
        let by_message = of_principal().filter(operations::message_id.eq(message.as_bytes().to_vec()));
        let row: Option<Row> = by_message.first(self.connection).optional().map_err(database)?;
        let row = match (row, key) {
            (None, Some(key)) => of_principal()
                .filter(operations::idempotency_key.eq(key))
                .first(self.connection)
                .optional()
                .map_err(database)?,
            (row, _) => row,
        };
        row.map(Row::into_operation).transpose()
    }

    fn operation_row(&mut self, id: OperationId) -> Result<Row> {
        let row = operations::table.find(id.to_bytes()).select(Row::as_select());
        row.first(self.connection).map_err(database)
    }

    /// Adds a line to the audit.
    fn note(
        &mut self,
        row: &Row,
        outcome: OperationState,
        status: Option<i32>,
        cloud_code: Option<&str>,
    ) -> Result<()> {
        let principal_name = principals::table
            .find(&row.principal_id)
            .select(principals::name)
            .first::<String>(self.connection)
            .optional()
            .map_err(database)?;
        let at = self.now()?.0;
        self.audit_add(NewLine {
            at,
            operation_id: row.id.clone(),
            principal_id: row.principal_id.clone(),
            principal_name: principal_name.unwrap_or_default(),
            account_id: row.account_id.clone(),
            cloud_id: row.cloud_id.clone(),
            region: row.region.clone(),
            kind: row.kind.clone(),
            verb: row.verb.clone(),
            resource_id: row.resource_id.clone(),
            digest: row.digest.clone(),
            outcome: outcome.as_str().to_owned(),
            status,
            cloud_code: cloud_code.map(|code| code.chars().take(255).collect()),
        })
    }
}
