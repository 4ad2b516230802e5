//! The waves of publishing: one event at a time per record, many records at once.

use std::collections::HashMap;

use gateway_core::id::{ResourceId, TargetId};
use gateway_store::StoredEvent;

/// Splits a batch into waves: no record is twice in one wave, and its events keep their order.
pub(super) fn waves(batch: Vec<StoredEvent>) -> Vec<Vec<StoredEvent>> {
    split(batch, |event| (event.target, event.resource))
}

fn split<T>(batch: Vec<T>, record: impl Fn(&T) -> (TargetId, ResourceId)) -> Vec<Vec<T>> {
    let mut waves: Vec<Vec<T>> = Vec::new();
    let mut next_wave: HashMap<_, usize> = HashMap::new();
    for event in batch {
        let wave = next_wave.entry(record(&event)).or_default();
        if *wave == waves.len() {
            waves.push(Vec::new());
        }
        waves[*wave].push(event);
        *wave += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_event_of_a_record_is_in_a_later_wave() {
        let id = ResourceId::generate();
        let other = ResourceId::generate();
        let batch = vec![(1, id, 1), (1, other, 1), (1, id, 2), (2, id, 1), (1, id, 3)];
        let waves = split(batch, |(target, id, _)| (TargetId(*target), *id));
        let shape: Vec<Vec<_>> = waves.iter().map(|w| w.iter().map(|(t, _, v)| (*t, *v)).collect()).collect();
        assert_eq!(shape, [vec![(1, 1), (1, 1), (2, 1)], vec![(1, 2)], vec![(1, 3)]]);
        assert!(split(Vec::<(i64, ResourceId, i64)>::new(), |(t, id, _)| (TargetId(*t), *id)).is_empty());
    }
}
