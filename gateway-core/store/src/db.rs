//! The database layer: connections, transactions, schema, errors, and the store's handle.

mod batch;
mod call;
mod clock;
mod connection;
mod dialect;
mod error;
mod health;
mod instruments;
mod merge;
mod migration;
mod pool;
mod retry;
pub(crate) mod schema;
mod session;
mod store;
mod transaction;
mod union;

pub use connection::Backend;
pub use instruments::METRICS;
pub use migration::Migrations;
pub use store::Store;

pub(crate) use batch::by_bytes;
pub(crate) use clock::NEVER;
pub(crate) use connection::Connection;
pub(crate) use dialect::{for_update, insert_all};
pub(crate) use error::{contention, corrupt, database, lease_lost};
pub(crate) use instruments::rows_purged;
pub(crate) use merge::{Direction, Sorted, merge};
pub(crate) use session::Session;
pub(crate) use union::{UNION, UnionAll};
