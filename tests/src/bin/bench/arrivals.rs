//! An open loop: arrivals at a constant rate, whether or not those before have been answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::callers::Caller;
use crate::latencies::Latencies;

/// Lets requests arrive at `rate` a second for `span`, and measures each from the moment that it was due: one
/// that waits for a free caller, or for a generator that was late, has waited.
pub(crate) async fn drive<C: Caller>(
    callers: Vec<C>,
    rate: f64,
    span: Duration,
) -> anyhow::Result<(Latencies, Vec<C>)> {
    let due = Arc::new(Semaphore::new(0));
    let taken = Arc::new(AtomicU64::new(0));
    let count = (rate * span.as_secs_f64()) as u64;
    let start = Instant::now();
    let pacer = std::thread::spawn({
        let due = Arc::clone(&due);
        move || pace(&due, start, rate, count)
    });
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let (due, taken) = (Arc::clone(&due), Arc::clone(&taken));
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                // Closed when the last one has arrived; those that are due still are not lost by that.
                let Ok(permit) = due.acquire().await else { break };
                permit.forget();
                let number = taken.fetch_add(1, Ordering::Relaxed);
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

/// In a thread of its own, because the runtime's timer counts in milliseconds and a round trip may take one.
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
    // One more for each caller, to tell them that nothing comes any more: closing would drop what is due.
    due.add_permits(Semaphore::MAX_PERMITS / 2);
}
