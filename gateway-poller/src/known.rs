//! What the store has of a target, for comparing: 33 bytes a record.

use gateway_core::document::observation::ContentHash;
use gateway_core::error::Result;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{KnownRecord, Store};

/// Records in one read. Higher makes fewer reads; each costs about 100 bytes for a moment.
const PAGE: i64 = 10_000;

/// Ids and hashes in the order of ids, and which of them a listing has shown.
pub(crate) struct KnownRecords {
    records: Vec<KnownRecord>,
    seen: Vec<bool>,
}

impl KnownRecords {
    pub(crate) async fn load(store: &Store, target: TargetId) -> Result<Self> {
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
        // They come in order; that both databases order bytes as we do is not left to trust.
        records.sort_unstable_by_key(|known| known.id);
        Self { seen: vec![false; records.len()], records }
    }

    /// Marks a record as shown; returns whether it is there with the same content.
    pub(crate) fn see(&mut self, id: ResourceId, hash: ContentHash) -> bool {
        match self.records.binary_search_by_key(&id, |known| known.id) {
            Ok(place) => {
                self.seen[place] = true;
                self.records[place].hash == hash
            }
            Err(_) => false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// What no page has shown.
    pub(crate) fn missing(&self) -> Vec<ResourceId> {
        self.records.iter().zip(&self.seen).filter(|(_, seen)| !**seen).map(|(known, _)| known.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::id::{CloudId, Region};

    use super::*;

    #[test]
    fn equal_is_seen_and_unchanged_and_what_is_not_seen_is_missing() {
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
