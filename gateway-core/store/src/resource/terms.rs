//! The index of terms: fields, relations and tags by which records are found.

use std::collections::BTreeSet;

use diesel::prelude::*;
use gateway_core::document::terms::Term;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};

use crate::db::schema::resource_terms;
use crate::db::{Session, database, insert_all};

/// Bytes of a term in its record.
const LENGTH: usize = 8;

/// Rows in one statement. More saves round trips; SQLite accepts at most 32,766 values, three for each row.
const CHUNK: usize = 4000;

/// Returns terms as a record keeps them.
pub(super) fn to_bytes(terms: &[Term]) -> Vec<u8> {
    terms.iter().flat_map(|term| term.0.to_be_bytes()).collect()
}

fn from_bytes(bytes: &[u8]) -> BTreeSet<i64> {
    bytes.chunks_exact(LENGTH).filter_map(|term| Some(i64::from_be_bytes(term.try_into().ok()?))).collect()
}

#[derive(Insertable)]
#[diesel(table_name = resource_terms)]
struct NewTerm {
    target_id: i64,
    term: i64,
    id: Vec<u8>,
}

/// Changes in the terms of some records of one target.
pub(super) struct TermChanges {
    target: TargetId,
    added: Vec<NewTerm>,
    removed: Vec<(ResourceId, Vec<i64>)>,
}

impl TermChanges {
    pub(super) fn of(target: TargetId) -> Self {
        Self { target, added: Vec::new(), removed: Vec::new() }
    }

    /// Notes the terms of a record before and after its change.
    pub(super) fn changed(&mut self, id: ResourceId, before: &[u8], after: &[u8]) {
        if before == after {
            return;
        }
        let (before, after) = (from_bytes(before), from_bytes(after));
        let added = after.difference(&before);
        self.added.extend(added.map(|term| NewTerm {
            target_id: self.target.0,
            term: *term,
            id: id.to_bytes(),
        }));
        let removed: Vec<_> = before.difference(&after).copied().collect();
        if !removed.is_empty() {
            self.removed.push((id, removed));
        }
    }
}

impl Session<'_> {
    /// Writes the changes, in the transaction of the records.
    pub(super) fn write_terms(&mut self, changes: &TermChanges) -> Result<()> {
        for (id, removed) in &changes.removed {
            let of_record = resource_terms::table
                .filter(resource_terms::target_id.eq(changes.target.0))
                .filter(resource_terms::term.eq_any(removed))
                .filter(resource_terms::id.eq(id.to_bytes()));
            diesel::delete(of_record).execute(self.connection).map_err(database)?;
        }
        for chunk in changes.added.chunks(CHUNK) {
            insert_all!(self, resource_terms::table, chunk)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_terms_are_not_written() {
        let id = ResourceId::generate();
        let bytes = |terms: &[i64]| to_bytes(&terms.iter().copied().map(Term).collect::<Vec<_>>());
        let mut changes = TermChanges::of(TargetId(1));
        changes.changed(id, &bytes(&[-5, 1, 2]), &bytes(&[-5, 1, 2]));
        assert!(changes.added.is_empty() && changes.removed.is_empty());
        changes.changed(id, &bytes(&[-5, 1, 2]), &bytes(&[1, 3]));
        assert_eq!(changes.added.iter().map(|row| row.term).collect::<Vec<_>>(), [3]);
        assert_eq!(changes.removed, [(id, vec![-5, 2])]);
    }
}
