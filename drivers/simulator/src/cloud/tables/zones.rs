//! Availability zones, and the services of a datacenter.

use crate::cloud::tables::Tables;
use crate::cloud::tables::table::TableKey;

/// A service that has datacenters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    Machines,
    Disks,
    Nets,
}

impl Service {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Disks => "disks",
            Self::Nets => "nets",
        }
    }
}

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
