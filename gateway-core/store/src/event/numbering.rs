//! The numbering of committed events.

use std::collections::HashMap;
use std::fmt::Write as _;

use diesel::prelude::*;
use gateway_core::error::Result;

use super::leadership::RELAY;
use crate::db::schema::{events, leaders};
use crate::db::{Store, database};

/// The result of one round of numbering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbered {
    /// Events that got a position.
    pub count: usize,
    /// Last position that an event has.
    pub position: i64,
}

/// An event without position: row number, target, resource, version.
type Unnumbered = (i64, i64, Vec<u8>, i64);

impl Store {
    /// Numbers committed events, by version within each record.
    ///
    /// # Errors
    /// `LeaseLost` if another process leads.
    pub async fn relay_number(&self, epoch: i64, limit: i64) -> Result<Numbered> {
        self.write(move |session| {
            let numbered = session.check_leadership(epoch)?;
            let mut rows = events::table
                .filter(events::position.is_null())
                .order(events::seq)
                .limit(limit)
                .select((events::seq, events::target_id, events::resource_id, events::version))
                .load::<Unnumbered>(session.connection)
                .map_err(database)?;
            if rows.is_empty() {
                return Ok(Numbered { count: 0, position: numbered });
            }
            order_by_version(&mut rows);
            diesel::sql_query(numbering(&rows, numbered)).execute(session.connection).map_err(database)?;
            let position = numbered + i64::try_from(rows.len()).unwrap_or(0);
            diesel::update(leaders::table.find(RELAY))
                .set(leaders::numbered.eq(position))
                .execute(session.connection)
                .map_err(database)?;
            Ok(Numbered { count: rows.len(), position })
        })
        .await
    }
}

/// Returns one statement that numbers all rows after a position. It contains integers only, so nothing needs escaping.
fn numbering(rows: &[Unnumbered], after: i64) -> String {
    let mut sql = "UPDATE events SET position = CASE seq".to_owned();
    let mut list = String::new();
    for ((seq, ..), position) in rows.iter().zip(after + 1..) {
        let _ = write!(sql, " WHEN {seq} THEN {position}");
        let _ = write!(list, "{}{seq}", if list.is_empty() { "" } else { "," });
    }
    let _ = write!(sql, " END WHERE seq IN ({list})");
    sql
}

/// Orders rows that come by `seq` by version within each record. A cluster of several writing servers may hand out
/// `seq` in another order than transactions commit.
fn order_by_version(rows: &mut [Unnumbered]) {
    let mut indexes: HashMap<(i64, Vec<u8>), Vec<usize>> = HashMap::new();
    for (index, (_, target, resource, _)) in rows.iter().enumerate() {
        indexes.entry((*target, resource.clone())).or_default().push(index);
    }
    for indexes in indexes.into_values().filter(|indexes| indexes.len() > 1) {
        let mut of_record: Vec<_> = indexes.iter().map(|index| rows[*index].clone()).collect();
        of_record.sort_by_key(|(_, _, _, version)| *version);
        for (index, row) in indexes.into_iter().zip(of_record) {
            rows[index] = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_one_record_are_sorted_and_other_rows_stay() {
        let row = |seq, resource: &[u8], version| (seq, 1, resource.to_vec(), version);
        let mut rows = vec![row(1, b"a", 2), row(2, b"b", 1), row(3, b"a", 1)];
        order_by_version(&mut rows);
        assert_eq!(rows, vec![row(3, b"a", 1), row(2, b"b", 1), row(1, b"a", 2)]);
    }
}
