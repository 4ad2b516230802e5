//! Pages of the audit.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable};
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, ResourceId};

use crate::access::Visibility;
use crate::db::schema::{audit, clouds};
use crate::db::{Direction, Session, Sorted, Store, UNION, UnionAll, corrupt, database, merge};

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Number in the order of all lines.
    pub seq: i64,
    /// Database time.
    pub at: Timestamp,
    /// Operation.
    pub operation: OperationId,
    /// Principal of the request.
    pub principal: PrincipalId,
    /// Name of the principal at that time.
    pub principal_name: String,
    /// Account.
    pub account: AccountId,
    /// Cloud.
    pub cloud: CloudId,
    /// Name of the cloud, while it is registered.
    pub cloud_name: Option<String>,
    /// Region.
    pub region: String,
    /// Kind of the resource.
    pub kind: String,
    /// Verb.
    pub verb: String,
    /// Resource; `None` for a create.
    pub resource: Option<ResourceId>,
    /// SHA-256 of the request.
    pub digest: Vec<u8>,
    /// New state of the operation.
    pub outcome: String,
    /// HTTP status of the answer.
    pub status: Option<i32>,
    /// The cloud's own error code.
    pub cloud_code: Option<String>,
}

/// Conditions on lines of the audit.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Visibility of a reader, who gets the lines of its accounts; `None` for all lines.
    pub reader: Option<Arc<Visibility>>,
    /// Number of the last line of the page before.
    pub after: i64,
    /// Most lines on the page.
    pub limit: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
struct Row {
    seq: i64,
    at: i64,
    operation_id: Vec<u8>,
    principal_id: Vec<u8>,
    principal_name: String,
    account_id: Vec<u8>,
    cloud_id: Vec<u8>,
    region: String,
    kind: String,
    verb: String,
    resource_id: Option<Vec<u8>>,
    digest: Vec<u8>,
    outcome: String,
    status: Option<i32>,
    cloud_code: Option<String>,
}

impl Row {
    fn into_line(self, cloud_name: Option<String>) -> Result<AuditLine> {
        let resource =
            self.resource_id.map(|id| ResourceId::from_bytes(&id).ok_or_else(|| corrupt("resource id")));
        Ok(AuditLine {
            seq: self.seq,
            at: Timestamp(self.at),
            operation: OperationId::from_bytes(&self.operation_id).ok_or_else(|| corrupt("operation id"))?,
            principal: PrincipalId::from_bytes(&self.principal_id).ok_or_else(|| corrupt("principal id"))?,
            principal_name: self.principal_name,
            account: AccountId::from_bytes(&self.account_id).ok_or_else(|| corrupt("account id"))?,
            cloud: CloudId::from_bytes(&self.cloud_id).ok_or_else(|| corrupt("cloud id"))?,
            cloud_name,
            region: self.region,
            kind: self.kind,
            verb: self.verb,
            resource: resource.transpose()?,
            digest: self.digest,
            outcome: self.outcome,
            status: self.status,
            cloud_code: self.cloud_code,
        })
    }
}

/// The number of a line, and its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    seq: i64,
    account: AccountId,
}

impl Sorted for Line {
    type Value = i64;
    type Source = AccountId;

    fn value(&self) -> &i64 {
        &self.seq
    }

    fn source(&self) -> AccountId {
        self.account
    }
}

impl Store {
    /// Returns lines in their order.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn audit_list(&self, filter: AuditFilter) -> Result<Vec<AuditLine>> {
        self.read(move |session| {
            let lines = audit::table
                .left_join(clouds::table.on(clouds::id.eq(audit::cloud_id)))
                .order(audit::seq)
                .into_boxed();
            let lines = match &filter.reader {
                None => lines.filter(audit::seq.gt(filter.after)).limit(filter.limit),
                Some(reader) => match session.lines_of(&filter, reader)? {
                    none if none.is_empty() => return Ok(Vec::new()),
                    numbers => lines.filter(audit::seq.eq_any(numbers)),
                },
            };
            let rows: Vec<(Row, Option<String>)> = lines
                .select((Row::as_select(), clouds::name.nullable()))
                .load(session.connection)
                .map_err(database)?;
            rows.into_iter().map(|(row, cloud)| row.into_line(cloud)).collect()
        })
        .await
    }
}

impl Session<'_> {
    /// Returns the numbers of the first lines of a reader's accounts. They are found along the index of each account: for
    /// all at once, the database would sort their whole history.
    fn lines_of(&mut self, filter: &AuditFilter, reader: &Visibility) -> Result<Vec<i64>> {
        let wanted = usize::try_from(filter.limit).unwrap_or_default();
        let accounts = reader.account_ids();
        let mut lines = match reader.principal().filter(|_| accounts.len() > UNION) {
            Some(principal) => {
                let firsts = self.first_lines(principal, filter.after)?;
                merge(firsts, Direction::Ascending, wanted, |accounts, bound| {
                    self.lines_of_accounts(filter, accounts, bound.copied())
                })?
            }
            None => self.lines_of_accounts(filter, accounts, None)?,
        };
        lines.sort_unstable();
        lines.truncate(wanted);
        Ok(lines.into_iter().map(|line| line.seq).collect())
    }

    fn lines_of_accounts(
        &mut self,
        filter: &AuditFilter,
        accounts: &[AccountId],
        to: Option<i64>,
    ) -> Result<Vec<Line>> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let part = |account: &AccountId| {
            audit::table
                .filter(audit::account_id.eq(account.to_bytes()))
                .filter(audit::seq.gt(filter.after))
                .filter(audit::seq.le(to.unwrap_or(i64::MAX)))
                .order(audit::seq)
                .limit(filter.limit)
                .select((audit::seq, audit::account_id))
        };
        let rows = UnionAll(accounts.iter().map(part).collect()).load::<(i64, Vec<u8>)>(self.connection);
        let line = |(seq, account): (i64, Vec<u8>)| {
            Ok(Line { seq, account: AccountId::from_bytes(&account).ok_or_else(|| corrupt("account id"))? })
        };
        rows.map_err(database)?.into_iter().map(line).collect()
    }

    /// Returns the number of the first line of each account of a principal that has one.
    fn first_lines(&mut self, principal: PrincipalId, after: i64) -> Result<Vec<(i64, AccountId)>> {
        #[derive(QueryableByName)]
        struct First {
            #[diesel(sql_type = Binary)]
            account_id: Vec<u8>,
            #[diesel(sql_type = Nullable<BigInt>)]
            first: Option<i64>,
        }
        let firsts = diesel::sql_query(
            "SELECT g.account_id, (SELECT a.seq FROM audit AS a WHERE a.account_id = g.account_id AND a.seq > ? \
             ORDER BY a.seq LIMIT 1) AS first FROM grants AS g WHERE g.principal_id = ?",
        )
        .bind::<BigInt, _>(after)
        .bind::<Binary, _>(principal.to_bytes())
        .load::<First>(self.connection)
        .map_err(database)?;
        let first = |First { account_id, first }: First| {
            let account = AccountId::from_bytes(&account_id).ok_or_else(|| corrupt("account id"));
            first.map(|first| account.map(|account| (first, account)))
        };
        firsts.into_iter().filter_map(first).collect()
    }
}
