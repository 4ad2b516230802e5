//! Waiting for a condition.

use std::future::Future;
use std::time::{Duration, Instant};

/// The pause between two attempts. It grows: fast conditions are seen at once, slow ones do not use a core.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Repeats `attempt` until it succeeds; panics with `what` and the last error after `deadline`.
///
/// `anyhow::ensure!` expresses conditions:
/// ```no_run
/// # use std::time::Duration;
/// # async fn count() -> anyhow::Result<usize> { Ok(3) }
/// # async fn example() {
/// gateway_tests::until("three instances", Duration::from_secs(10), || async {
///     let count = count().await?;
///     anyhow::ensure!(count == 3, "{count} instances");
///     Ok(())
/// })
/// .await;
/// # }
/// ```
pub async fn until<T, A, F>(what: &str, deadline: Duration, mut attempt: A) -> T
where
    A: FnMut() -> F,
    F: Future<Output = anyhow::Result<T>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut last = "the first attempt did not return".to_owned();
    loop {
        let left = deadline.saturating_sub(start.elapsed());
        match tokio::time::timeout(left, attempt()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(error)) => last = format!("{error:#}"),
            Err(_) => {}
        }
        assert!(start.elapsed() + pause < deadline, "waited {deadline:?} for {what}; last: {last}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
