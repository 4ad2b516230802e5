//! The first rows of many sorted sources, such as ranges of an index.

use std::cmp::Ordering;

use gateway_core::error::Result;

use super::union::UNION;

/// Sources that are read first. The first ones often fill a page, whose rows are then all that is read.
const FIRST_GROUP: usize = 8;

/// The direction of a sort order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    pub(crate) fn compare<T: Ord>(self, a: &T, b: &T) -> Ordering {
        match self {
            Self::Ascending => a.cmp(b),
            Self::Descending => b.cmp(a),
        }
    }
}

/// A row of a source. Rows of all sources compare by value, then by source, and then by what is left of them.
pub(crate) trait Sorted: Ord {
    type Value: Ord + Clone;
    type Source: Ord + Copy;

    fn value(&self) -> &Self::Value;
    fn source(&self) -> Self::Source;
}

/// Returns the first rows of all sources, at most `wanted`, in order.
///
/// `firsts` holds the value of the first row of each source that has one. Only the sources with the least values are
/// read, and of them only rows up to the greatest value that can be wanted: the cost is that of one look at each source,
/// and of the rows of the page. `read` returns rows of some sources up to a value, at most `wanted` of each.
pub(crate) fn merge<R: Sorted>(
    mut firsts: Vec<(R::Value, R::Source)>,
    direction: Direction,
    wanted: usize,
    mut read: impl FnMut(&[R::Source], Option<&R::Value>) -> Result<Vec<R>>,
) -> Result<Vec<R>> {
    firsts.sort_unstable_by(|a, b| direction.compare(a, b));
    // So many sources have a row with this value or one before it.
    let bound = wanted.checked_sub(1).and_then(|last| firsts.get(last)).map(|(value, _)| value.clone());
    let mut rows: Vec<R> = Vec::new();
    let (mut left, mut size) = (firsts.as_slice(), FIRST_GROUP);
    while let Some((value, source)) = left.first().filter(|_| wanted > 0) {
        let next = (value, *source);
        let last = rows.last().filter(|_| rows.len() >= wanted).map(|row| (row.value(), row.source()));
        if last.is_some_and(|last| direction.compare(&last, &next) == Ordering::Less) {
            break;
        }
        let (group, others) = left.split_at(size.min(left.len()));
        (left, size) = (others, UNION);
        let sources: Vec<_> = group.iter().map(|(_, source)| *source).collect();
        rows.extend(read(&sources, bound.as_ref())?);
        rows.sort_unstable_by(|a, b| direction.compare(a, b));
        rows.truncate(wanted);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A row: value, source, number.
    type Row = (u8, usize, u8);

    impl Sorted for Row {
        type Value = u8;
        type Source = usize;

        fn value(&self) -> &u8 {
            &self.0
        }

        fn source(&self) -> usize {
            self.1
        }
    }

    #[test]
    fn merge_returns_the_first_rows_and_reads_few_sources() {
        // Values in a fixed disorder, many of them equal.
        let mut sources: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        for number in 0..3_000_usize {
            let source = number * 7 % 1_000;
            let value = (number * 31 % 251) as u8;
            sources.entry(source).or_default().push((value, source, (number / 1_000) as u8));
        }
        for direction in [Direction::Ascending, Direction::Descending] {
            sources.values_mut().for_each(|rows| rows.sort_unstable_by(|a, b| direction.compare(a, b)));
            let mut all: Vec<_> = sources.values().flatten().copied().collect();
            all.sort_unstable_by(|a, b| direction.compare(a, b));
            for wanted in [0, 1, 50, 100, 150, 2_999, 5_000] {
                let firsts = sources.values().map(|rows| (rows[0].0, rows[0].1)).collect();
                let mut visited = 0;
                let merged = merge(firsts, direction, wanted, |group, bound| {
                    visited += group.len();
                    let rows = group.iter().flat_map(|source| {
                        let within = |row: &&Row| {
                            bound.is_none_or(|bound| direction.compare(&row.0, bound) != Ordering::Greater)
                        };
                        sources[source].iter().filter(within).take(wanted).copied()
                    });
                    Ok(rows.collect())
                });
                assert_eq!(merged.unwrap(), all[..wanted.min(all.len())], "{direction:?} {wanted}");
                assert!(visited <= wanted.next_multiple_of(UNION) + UNION, "{visited} of 1000 for {wanted}");
            }
        }
    }
}
