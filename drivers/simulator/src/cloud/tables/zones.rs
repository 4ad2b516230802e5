//! Availability zones.

use crate::cloud::tables::Tables;
use crate::cloud::tables::table::TableKey;

/// Letters of the zones of a region.
const LETTERS: [char; 2] = ['a', 'b'];

impl Tables {
    /// Returns the zone of a record without overrides, by its number.
    pub(crate) fn zone(&self, table: TableKey, number: u64) -> String {
        self.zone_name(table, LETTERS[usize::from(number & 16 != 0)])
    }

    /// Returns the zones of a region.
    pub(crate) fn zones(&self, table: TableKey) -> [String; 2] {
        LETTERS.map(|letter| self.zone_name(table, letter))
    }

    fn zone_name(&self, table: TableKey, letter: char) -> String {
        format!("{}-{letter}", self.regions[table.region])
    }
}
