//! The store: clouds, accounts, resources, events and operations, on MySQL or SQLite.
//!
//! Every method of [`Store`] is one short transaction at most. A transaction that loses a deadlock is tried again.
//! The modules import downwards only: `resource` and `poll` over `access`, `target` and `event`; `due` below those with due
//! work; all over `db`, which holds every difference between the two databases.

#![warn(missing_docs)]

mod access;
mod db;
mod due;
mod event;
mod operation;
mod poll;
mod purge;
mod resource;
mod target;

pub use access::{
    Access, Account, Client, Cloud, DueGrant, Grant, GrantChange, Granted, Identity, NewCloud,
    SealedCredential, Visibility, VisibleAccount, VisibleCloud,
};
pub use db::{Backend, METRICS, Migrations, Store};
pub use event::{EventPage, Leadership, Numbered, StoredEvent};
pub use operation::{
    AuditFilter, AuditLine, BudgetUse, CompletedStep, DueOperation, NewOperation, Operation, OperationLease,
    OperationOutcome, OperationStart, OperationState, Settlement,
};
pub use poll::{Claim, CloudClock, RefreshProgress};
pub use purge::OldRows;
pub use resource::{
    Applied, Cursor, KnownRecord, Listing, Observation, ResourceFilter, ResourceQuery, ResourceRow, Sighting,
    SortKey, SortOrder, SortValue, WriteGuard,
};
pub use target::{Fence, PollOutcome, Target, TargetChange, TargetState, TargetStatus};
