//! The audit: who asked for what, and what became of it. Lines are added, never changed and never removed.

use std::collections::BTreeSet;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, ResourceId};

use crate::error::{corrupt, database};
use crate::schema::{audit, clouds};
use crate::{Session, Store};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place in the order of all lines.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The operation.
    pub operation: OperationId,
    /// Who asked.
    pub principal: PrincipalId,
    /// Who that was by name, at that time.
    pub principal_name: String,
    /// For which account.
    pub account: AccountId,
    /// At which cloud.
    pub cloud: CloudId,
    /// Its name, while it is registered.
    pub cloud_name: Option<String>,
    /// In which region.
    pub region: String,
    /// Of which kind.
    pub kind: String,
    /// What.
    pub verb: String,
    /// To which resource.
    pub resource: Option<ResourceId>,
    /// SHA-256 of the request.
    pub digest: Vec<u8>,
    /// The state that the operation came into.
    pub outcome: String,
    /// The HTTP status of its answer.
    pub status: Option<i32>,
    /// The cloud's own code.
    pub cloud_code: Option<String>,
}

/// Which lines.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of these accounts; all when there is no list.
    pub accounts: Option<Vec<AccountId>>,
    /// After this line.
    pub after: i64,
    /// So many at most.
    pub limit: i64,
}

#[derive(Insertable)]
#[diesel(table_name = audit)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct NewLine {
    pub(crate) at: i64,
    pub(crate) operation_id: Vec<u8>,
    pub(crate) principal_id: Vec<u8>,
    pub(crate) principal_name: String,
    pub(crate) account_id: Vec<u8>,
    pub(crate) cloud_id: Vec<u8>,
    pub(crate) region: String,
    pub(crate) kind: String,
    pub(crate) verb: String,
    pub(crate) resource_id: Option<Vec<u8>>,
    pub(crate) digest: Vec<u8>,
    pub(crate) outcome: String,
    pub(crate) status: Option<i32>,
    pub(crate) cloud_code: Option<String>,
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

impl Store {
    /// Lines in their order.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn audit_list(&self, filter: AuditFilter) -> Result<Vec<AuditLine>> {
        self.read(move |session| {
            let Some(accounts) = &filter.accounts else { return session.audit_page(&filter, None) };
            // A page of each, along its index: of all at once, the database would sort what all ever did.
            let accounts: BTreeSet<_> = accounts.iter().copied().collect();
            let mut lines = Vec::new();
            for account in accounts {
                lines.extend(session.audit_page(&filter, Some(account))?);
            }
            lines.sort_unstable_by_key(|line| line.seq);
            lines.truncate(usize::try_from(filter.limit).unwrap_or_default());
            Ok(lines)
        })
        .await
    }
}

impl Session<'_> {
    fn audit_page(&mut self, filter: &AuditFilter, account: Option<AccountId>) -> Result<Vec<AuditLine>> {
        let mut query = audit::table
            .left_join(clouds::table.on(clouds::id.eq(audit::cloud_id)))
            .filter(audit::seq.gt(filter.after))
            .order(audit::seq)
            .limit(filter.limit)
            .into_boxed();
        if let Some(account) = account {
            query = query.filter(audit::account_id.eq(account.to_bytes()));
        }
        let rows: Vec<(Row, Option<String>)> = query
            .select((Row::as_select(), clouds::name.nullable()))
            .load(self.connection)
            .map_err(database)?;
        rows.into_iter().map(|(row, cloud)| row.into_line(cloud)).collect()
    }

    pub(crate) fn audit_add(&mut self, line: NewLine) -> Result<()> {
        diesel::insert_into(audit::table).values(line).execute(self.connection).map(drop).map_err(database)
    }
}
