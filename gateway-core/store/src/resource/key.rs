//! The position of a record in a sort order.

use gateway_core::id::{ResourceId, TargetId};

use super::query::{Cursor, SortOrder, SortValue};
use crate::db::Sorted;

/// The position of a record: by all three ascending, or the reverse. In [`SortOrder::Id`] all values are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) value: SortValue,
    pub(super) target: TargetId,
    pub(super) id: ResourceId,
}

impl Key {
    /// Returns the cursor after this record.
    pub(super) fn cursor(&self, order: SortOrder) -> Cursor {
        let value = (order != SortOrder::Id).then(|| self.value.clone());
        Cursor { target: self.target, id: self.id, value }
    }
}

impl Sorted for Key {
    type Value = SortValue;
    type Source = TargetId;

    fn value(&self) -> &SortValue {
        &self.value
    }

    fn source(&self) -> TargetId {
        self.target
    }
}

/// Returns a number of rows as the databases take it.
pub(super) fn as_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
