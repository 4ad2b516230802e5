//! Pages of the audit.

use std::collections::BTreeSet;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{AccountId, CloudId, OperationId, PrincipalId, ResourceId};

use crate::db::schema::{audit, clouds};
use crate::db::{Session, Store, corrupt, database};

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
    /// Accounts; `None` for all.
    pub accounts: Option<Vec<AccountId>>,
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

impl Store {
    /// Returns lines in their order.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn audit_list(&self, filter: AuditFilter) -> Result<Vec<AuditLine>> {
        self.read(move |session| {
            let Some(accounts) = &filter.accounts else { return session.audit_page(&filter, None) };
            // One page of each account, along its index: for all at once, the database would sort their whole history.
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
}
