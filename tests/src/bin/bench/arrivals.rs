//! An open loop: requests arrive at a constant rate, independent of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::callers::Caller;
use crate::latencies::Latencies;

/// Sends `rate` requests a second for `span` and measures each from its due time, so that the wait for a free
/// caller or a late generator counts.
pub(crate) async fn drive<C: Caller>(
    callers: Vec<C>,
    rate: f64,
    span: Duration,
) -> anyhow::Result<(Latencies, Vec<C>)> {
    let due = Arc::new(Semaphore::new(0));
    let started = Arc::new(AtomicU64::new(0));
    let count = (rate * span.as_secs_f64()) as u64;
    let start = Instant::now();
    let pacer = std::thread::spawn({
        let due = Arc::clone(&due);
        move || pace(&due, start, rate, count)
    });
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let (due, started) = (Arc::clone(&due), Arc::clone(&started));
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                // Closed after the last arrival; permits that are due stay available.
                let Ok(permit) = due.acquire().await else { break };
                permit.forget();
                let number = started.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    break;
                }
                let arrival = start + Duration::from_secs_f64(number as f64 / rate);
                caller.call().await?;
                latencies.add(arrival.elapsed());
            }
            anyhow::Ok((latencies, caller))
        });
    }
    let (mut all, mut callers) = (Latencies::default(), Vec::new());
    while let Some(task) = tasks.join_next().await {
        let (latencies, caller) = task??;
        all.append(latencies);
        callers.push(caller);
    }
    let _ = pacer.join();
    anyhow::ensure!(all.len() as u64 == count, "{} of {count} were answered", all.len());
    Ok((all, callers))
}

/// Releases arrivals. Runs in its own thread, because the timer of the runtime is too coarse for round trips.
fn pace(due: &Semaphore, start: Instant, rate: f64, count: u64) {
    let mut released = 0;
    while released < count {
        let by_now = (start.elapsed().as_secs_f64() * rate) as u64 + 1;
        let arrived = by_now.min(count) - released;
        due.add_permits(arrived as usize);
        released += arrived;
        let next = start + Duration::from_secs_f64(released as f64 / rate);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    // Extra permits tell each caller that no request follows. Closing the semaphore would drop due requests.
    due.add_permits(Semaphore::MAX_PERMITS / 2);
}
