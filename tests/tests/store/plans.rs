//! The database's own plans for every hot statement, on a fleet of 200,000 resources.

mod fleet;
mod hot_calls;
pub mod recorder;
mod statement;
mod verdict;

use recorder::Recording;
use statement::Statement;

use crate::stage::Stage;

pub async fn no_hot_query_scans(stage: Stage) {
    let fleet = fleet::load(&stage).await;
    let recording = Recording::start(stage.address());
    // A store of its own: what is recorded is what its connections say.
    hot_calls::make(&stage.another_process(), &fleet).await;
    let statements = Statement::distinct(recording.stop());
    assert!(statements.len() > 40, "only {} were recorded", statements.len());
    let mut raw = stage.raw();
    let bad: Vec<_> =
        statements.iter().filter_map(|statement| verdict::against(&mut raw, statement)).collect();
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), statements.len(), bad.join("\n"));
}
