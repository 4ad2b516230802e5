//! Reads: typed queries to typed results, answered from the store for what the caller may see.

mod accounts;
mod clouds;
mod events;
mod fields;
mod item;
mod list;
mod page_bytes;
mod page_start;
mod record;
mod related;
mod selection;
mod status;
mod sync;

pub(crate) use accounts::{AccountAccess, AccountName, AccountPage, accounts};
pub(crate) use clouds::{CloudDescription, clouds};
pub(crate) use events::{Events, events};
pub(crate) use fields::Fields;
pub(crate) use gateway_store::{ResourceFilter, SortKey, SortOrder};
pub(crate) use item::{Item, ItemQuery, item};
pub(crate) use list::{ListQuery, RecordPage, list};
pub(crate) use page_bytes::PageBytes;
pub(crate) use record::{Record, VisibleRecord, find_record};
pub(crate) use related::{Direction, RelatedGroup, related};
pub(crate) use selection::Selection;
pub(crate) use status::{Budget, CloudClock, StatusQuery, StatusReport, TargetReport, status};
pub(crate) use sync::{SyncPage, SyncQuery, sync};
