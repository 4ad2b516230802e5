//! The stored records of a target, for comparison: 33 bytes per record.

use gateway_core::document::observation::ContentHash;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{KnownRecord, Store};

/// Records per read. Higher makes fewer reads; each record costs about 100 bytes for a moment.
const PAGE: i64 = 10_000;

/// Ids and hashes ordered by id, each marked once a listing has shown it.
pub(super) struct KnownRecords {
    records: Vec<KnownRecord>,
    seen: Vec<bool>,
}

impl KnownRecords {
    pub(super) async fn load(store: &Store, target: TargetId) -> Result<Self> {
        let mut records: Vec<KnownRecord> = Vec::new();
        loop {
            let page = store.known_records(target, records.last().map(|known| known.id), PAGE).await?;
            let is_last = (page.len() as i64) < PAGE;
            records.extend(page);
            if is_last {
                return Ok(Self::new(records));
            }
        }
    }

    fn new(mut records: Vec<KnownRecord>) -> Self {
        // The store returns them in order; sorting makes the search independent of its collation.
        records.sort_unstable_by_key(|known| known.id);
        Self { seen: vec![false; records.len()], records }
    }

    /// Marks a record as seen; returns whether it is stored with the same content.
    pub(super) fn see(&mut self, id: ResourceId, hash: ContentHash) -> bool {
        match self.records.binary_search_by_key(&id, |known| known.id) {
            Ok(index) => {
                self.seen[index] = true;
                self.records[index].hash == hash
            }
            Err(_) => false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns the records that no page has shown.
    pub(super) fn missing(&self) -> Vec<ResourceId> {
        self.records.iter().zip(&self.seen).filter(|(_, seen)| !**seen).map(|(known, _)| known.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::id::{CloudId, Region};

    use super::*;

    #[test]
    fn equal_record_is_unchanged_and_unseen_record_is_missing() {
        let (cloud, region) = (CloudId::generate(), Region::new("r1"));
        let id = |key: &str| ResourceId::derive(cloud, &region, Kind::Instance, key);
        let record = |key: &str, byte| KnownRecord { id: id(key), hash: ContentHash([byte; 16]) };
        let mut known = KnownRecords::new(vec![record("a", 1), record("b", 2), record("c", 3)]);
        assert!(known.see(id("a"), ContentHash([1; 16])));
        assert!(!known.see(id("b"), ContentHash([9; 16])), "changed");
        assert!(!known.see(id("d"), ContentHash([4; 16])), "new");
        assert_eq!(known.missing(), [id("c")]);
    }
}
