//! Writers that meet: nothing is lost, nothing is counted twice, nobody is turned away.

use gateway_store::{Sighting, WriteGuard};
use tokio::task::JoinSet;

use crate::seen::{Running, Shelf, noted, there};
use crate::stage::Stage;

const WRITERS: usize = 8;
const ROUNDS: usize = 10;

/// Runs `rounds` observations in each of eight stores at once.
async fn all_at_once(stage: &Stage, make: impl Fn(&Shelf, usize, usize) -> Vec<Sighting>) {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (store, shelf) = (stage.another_process(), Shelf::new(&stage.store, 1));
        let rounds: Vec<_> = (0..ROUNDS).map(|round| shelf.seen(1, make(&shelf, writer, round))).collect();
        writers.spawn(async move {
            for observation in rounds {
                store.apply(WriteGuard::Direct, observation).await.unwrap();
            }
        });
    }
    writers.join_all().await;
}

fn versions(stage: &Stage) -> Vec<i64> {
    stage.raw().numbers("SELECT version AS n FROM events ORDER BY seq")
}

pub async fn eight_writers_of_one_record_leave_one_event_a_version(stage: Stage) {
    all_at_once(&stage, |_, writer, round| vec![noted("a", &format!("{writer}-{round}"))]).await;
    let expected: Vec<_> = (1..=(WRITERS * ROUNDS) as i64).collect();
    assert_eq!(versions(&stage), expected);
    assert_eq!(stage.raw().number("SELECT version AS n FROM resources"), (WRITERS * ROUNDS) as i64);
}

pub async fn eight_writers_of_a_record_that_comes_and_goes_leave_no_version_twice(stage: Stage) {
    all_at_once(&stage, |shelf, writer, round| match (writer + round) % 2 {
        0 => vec![there("a", Running)],
        _ => vec![shelf.gone("a")],
    })
    .await;
    let versions = versions(&stage);
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    assert!(!versions.is_empty());
    assert_eq!(stage.rows("resources") + stage.rows("tombstones"), 1, "it lives or it has a grave");
}

pub async fn batches_in_opposite_order_all_succeed(stage: Stage) {
    all_at_once(&stage, |_, writer, round| {
        let note = format!("{writer}-{round}");
        let mut batch: Vec<_> = (0..40).map(|key| noted(&format!("i-{key}"), &note)).collect();
        if writer % 2 == 1 {
            batch.reverse();
        }
        batch
    })
    .await;
    let rounds = (WRITERS * ROUNDS) as i64;
    assert_eq!(stage.rows(&format!("resources WHERE version = {rounds}")), 40);
    assert_eq!(stage.rows("events"), 40 * rounds);
    let doubled = "SELECT COUNT(*) AS n FROM (SELECT 1 FROM events GROUP BY resource_id, version HAVING COUNT(*) > 1) d";
    assert_eq!(stage.raw().number(doubled), 0);
}
