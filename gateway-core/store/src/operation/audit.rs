//! Lines of the audit, added in the transaction of what they record. Lines are never changed and never removed.

use diesel::prelude::*;
use gateway_core::error::Result;

use super::record::OperationRow;
use super::state::OperationState;
use crate::db::schema::{audit, principals};
use crate::db::{Session, database};

#[derive(Insertable)]
#[diesel(table_name = audit)]
#[diesel(treat_none_as_default_value = false)]
struct NewLine {
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

impl Session<'_> {
    /// Adds the line of an operation that has come to a state.
    pub(super) fn audit_add(
        &mut self,
        row: &OperationRow,
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
        let line = NewLine {
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
        };
        diesel::insert_into(audit::table).values(line).execute(self.connection).map(drop).map_err(database)
    }
}
