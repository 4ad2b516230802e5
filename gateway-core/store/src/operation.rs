//! The operation journal: one row for each mutating request, worked on under a fenced lease; and its audit.

mod audit;
mod audit_page;
mod begin;
mod call;
mod due;
mod lease;
mod lookup;
mod record;
mod settle;
mod sharing;
mod state;

pub use audit_page::{AuditFilter, AuditLine};
pub use begin::{NewOperation, OperationStart};
pub use due::DueOperation;
pub use lease::OperationLease;
pub use record::{CompletedStep, Operation};
pub use settle::{OperationOutcome, Settlement};
pub use sharing::BudgetUse;
pub use state::OperationState;
