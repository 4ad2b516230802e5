//! Comparisons of a changing cloud: two readings are compared only if nothing changed between them.

/// The number of attempts; each takes a second or more.
const ATTEMPTS: usize = 30;

/// Returns the expected and the read value, if the expected value was the same before and after the read.
pub(crate) async fn read_stable<Expected: PartialEq, Read>(
    what: &str,
    expected: impl AsyncFn() -> Expected,
    read: impl AsyncFn() -> Read,
) -> (Expected, Read) {
    let mut before = expected().await;
    for _ in 0..ATTEMPTS {
        let read_now = read().await;
        let after = expected().await;
        if after == before {
            return (after, read_now);
        }
        println!("{what}: changed meanwhile");
        before = after;
    }
    panic!("{what}: keeps changing");
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn value_read_during_a_change_is_discarded() {
        let (moment, reads) = (Cell::new(0), Cell::new(0));
        // Changes three times.
        let expected = async || {
            moment.set(moment.get() + 1);
            moment.get().min(4)
        };
        let read = async || {
            reads.set(reads.get() + 1);
            reads.get()
        };
        assert_eq!(read_stable("a value", expected, read).await, (4, 4));
    }

    #[tokio::test]
    #[should_panic(expected = "a value: keeps changing")]
    async fn endless_change_is_an_error() {
        let moment = Cell::new(0);
        let expected = async || moment.replace(moment.get() + 1);
        read_stable("a value", expected, async || ()).await;
    }
}
