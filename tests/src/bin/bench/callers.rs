//! A closed loop: each caller sends the next request when it has an answer. Measures the capacity.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// A caller that sends one request at a time.
pub(crate) trait Caller: Send + 'static {
    /// Makes one round trip. An unexpected answer is an error.
    fn call(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Drives all callers for `span`. Returns the number of answers, and the callers for the next load.
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
