//! Two looks at one cloud are compared only when nothing changed between them: a cloud settles for a while after each
//! change, in its own time, and what differs then is no disagreement.

/// How often both looks are taken before the test gives up; each takes a second or more.
const ATTEMPTS: usize = 30;

/// What is told and what is seen, where the same was told before and after it was seen.
pub(crate) async fn steady<Told: PartialEq, Seen>(
    what: &str,
    told: impl AsyncFn() -> Told,
    see: impl AsyncFn() -> Seen,
) -> (Told, Seen) {
    let mut before = told().await;
    for _ in 0..ATTEMPTS {
        let seen = see().await;
        let after = told().await;
        if after == before {
            return (after, seen);
        }
        println!("{what}: changed meanwhile");
        before = after;
    }
    panic!("{what}: does not come to rest");
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_is_seen_while_things_change_does_not_count() {
        let (moment, looks) = (Cell::new(0), Cell::new(0));
        // Changes three times, and rests then.
        let told = async || {
            moment.set(moment.get() + 1);
            moment.get().min(4)
        };
        let see = async || {
            looks.set(looks.get() + 1);
            looks.get()
        };
        assert_eq!(steady("a thing", told, see).await, (4, 4));
    }

    #[tokio::test]
    #[should_panic(expected = "a thing: does not come to rest")]
    async fn what_never_rests_is_not_compared() {
        let moment = Cell::new(0);
        let told = async || moment.replace(moment.get() + 1);
        steady("a thing", told, async || ()).await;
    }
}
