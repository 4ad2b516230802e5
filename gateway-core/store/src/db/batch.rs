//! Batches of rows, bounded in bytes.

/// Bytes of the rows of one statement. More cost fewer round trips; beyond 16 MiB servers refuse the statement
/// (`max_allowed_packet`).
const STATEMENT_BYTES: usize = 4 << 20;

/// Splits rows into slices for one statement each. A slice has at least one row.
pub(crate) fn by_bytes<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut slices, mut begin, mut sum) = (Vec::new(), 0, 0);
    for (index, row) in rows.iter().enumerate() {
        let size = bytes(row);
        if index > begin && sum + size > STATEMENT_BYTES {
            slices.push(&rows[begin..index]);
            (begin, sum) = (index, 0);
        }
        sum += size;
    }
    if begin < rows.len() {
        slices.push(&rows[begin..]);
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_hold_every_row_and_end_at_their_bytes() {
        let sizes = [1, STATEMENT_BYTES, 2, 3, 2 * STATEMENT_BYTES, 4];
        let slices = by_bytes(&sizes, |size| *size);
        let expected: [&[usize]; 5] = [&[1], &[STATEMENT_BYTES], &[2, 3], &[2 * STATEMENT_BYTES], &[4]];
        assert_eq!(slices, expected);
        assert!(by_bytes(&[] as &[usize], |size| *size).is_empty());
    }
}
