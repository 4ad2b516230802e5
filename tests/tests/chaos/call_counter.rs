//! Counts of client calls: each must be answered in time, with a result or a clear problem.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gateway_tests::Client;
use gateway_tests::client::Answer;
use reqwest::{Method, StatusCode};

/// The margin above the deadline of the front, for a busy machine.
const MARGIN: Duration = Duration::from_secs(5);

/// A counter shared by all callers.
#[derive(Clone, Default)]
pub(crate) struct CallCounter(Arc<Mutex<Counts>>);

/// The number of calls by outcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Calls by status and problem type.
    pub(crate) outcomes: BTreeMap<String, usize>,
    /// Calls with a forbidden outcome.
    pub(crate) violations: Vec<String>,
    pub(crate) slowest: Duration,
}

impl CallCounter {
    /// Sends a GET and returns its answer if the status is 200. The front must answer within `deadline`.
    pub(crate) async fn get(&self, client: &Client, path: &str, deadline: Duration) -> Option<Answer> {
        let start = Instant::now();
        let answer = client.request(Method::GET, path).await;
        let elapsed = start.elapsed();
        let name = match &answer {
            Ok(_) if elapsed > deadline + MARGIN => Err(format!("answered after {elapsed:?}")),
            Ok(answer) => name(answer),
            Err(error) => Err(format!("no answer after {elapsed:?}: {error:#}")),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.slowest = counts.slowest.max(elapsed);
        match name {
            Ok(name) => *counts.outcomes.entry(name).or_default() += 1,
            Err(reason) => counts.violations.push(format!("GET {path}: {reason}")),
        }
        answer.ok().filter(|answer| answer.status == StatusCode::OK)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the name of the outcome, or the reason why the answer is forbidden.
fn name(answer: &Answer) -> Result<String, String> {
    let status = answer.status.as_u16();
    if answer.status == StatusCode::OK {
        return Ok("200".to_owned());
    }
    let unexpected = || format!("{status} {}", answer.body);
    let is_problem =
        answer.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let kind = answer.body["type"].as_str().filter(|_| is_problem).ok_or_else(unexpected)?;
    match answer.status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Ok(format!("{status} {kind}")),
        _ => Err(unexpected()),
    }
}
