//! The database's plans for every hot statement, on a fleet of 200,000 resources.

mod fleet;
mod hot_calls;
pub mod statement;
mod verdict;

use crate::recording::Recording;
use statement::Statement;

use crate::test_store::TestStore;

pub async fn hot_queries_use_indexes(fixture: TestStore) {
    let fleet = fleet::load(&fixture).await;
    let recording = Recording::start(fixture.address());
    // A new store, since only the statements of new connections are recorded.
    hot_calls::make(&fixture.another_process(), &fleet).await;
    let statements = Statement::distinct(recording.stop());
    assert!(statements.len() > 40, "only {} were recorded", statements.len());
    let mut raw = fixture.sql();
    let bad: Vec<_> =
        statements.iter().filter_map(|statement| verdict::against(&mut raw, statement)).collect();
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), statements.len(), bad.join("\n"));
}
