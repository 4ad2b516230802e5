//! The audit of the caller's accounts.

use std::sync::Arc;

use gateway_store::AuditFilter;

pub(crate) use gateway_store::AuditLine;

use super::access::Caller;
use super::read::PageBytes;
use super::{App, Result};

/// A page of audit lines, the oldest first.
#[derive(Debug)]
pub(crate) struct AuditPage {
    pub(crate) lines: Vec<AuditLine>,
    /// The number after which the next page begins; none on the last.
    pub(crate) next: Option<i64>,
}

impl App {
    /// Returns the audit lines after a number.
    pub(crate) async fn list_audit(&self, caller: &Caller, after: i64, limit: usize) -> Result<AuditPage> {
        let filter = AuditFilter {
            reader: Some(Arc::clone(&caller.authority.visibility)),
            after,
            limit: limit as i64 + 1,
        };
        let mut lines = self.store.audit_list(filter).await?;
        let is_more = lines.len() > limit;
        lines.truncate(limit);
        // The long members of a line; the others are of fixed size.
        let text =
            |line: &AuditLine| format!("{}{:?}{:?}", line.principal_name, line.cloud_name, line.cloud_code);
        let texts: Vec<_> = lines.iter().map(text).collect();
        let fitting = PageBytes::count(texts.iter().map(String::as_str));
        let is_more = is_more || fitting < lines.len();
        lines.truncate(fitting);
        let next = lines.last().filter(|_| is_more).map(|line| line.seq);
        Ok(AuditPage { lines, next })
    }
}
