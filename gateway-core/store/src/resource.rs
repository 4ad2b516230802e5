//! Resources: the single write path, and reading by id or by page.

mod apply;
mod firsts;
mod item;
mod key;
mod known;
mod listing;
mod name;
mod observation;
mod query;
mod row;
mod sorted;
mod terms;
mod tombstone;

pub use apply::Applied;
pub use known::KnownRecord;
pub use listing::{Listing, ResourceRow};
pub use observation::{Observation, Sighting, WriteGuard};
pub use query::{Cursor, ResourceFilter, ResourceQuery, SortKey, SortOrder, SortValue};
