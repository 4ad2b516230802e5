//! A closed loop: each caller asks again as soon as it is answered. This gives the capacity.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// Who asks, one thing after the other.
pub(crate) trait Caller: Send + 'static {
    /// One whole round trip; an answer that is not the expected one is an error.
    fn call(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Lets all ask for `span` and counts the answers; gives the callers back for the next load.
pub(crate) async fn drive<C: Caller>(callers: Vec<C>, span: Duration) -> anyhow::Result<(u64, Vec<C>)> {
    let end = Instant::now() + span;
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        tasks.spawn(async move {
            let mut answered = 0;
            while Instant::now() < end {
                caller.call().await?;
                answered += 1;
            }
            anyhow::Ok((answered, caller))
        });
    }
    let (mut total, mut callers) = (0, Vec::new());
    while let Some(task) = tasks.join_next().await {
        let (answered, caller) = task??;
        total += answered;
        callers.push(caller);
    }
    Ok((total, callers))
}
