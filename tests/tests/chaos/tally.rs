//! What became of the clients' calls: each is answered, or refused with an error that says why, in time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gateway_tests::Client;
use gateway_tests::client::Answer;
use reqwest::{Method, StatusCode};

/// How much later than the front's own deadline an answer may arrive on a machine that is busy.
const MARGIN: Duration = Duration::from_secs(5);

/// Counts shared by all callers.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Counts>>);

/// How many calls ended how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// By status, and by type of problem.
    pub(crate) outcomes: BTreeMap<String, usize>,
    /// Calls that ended as none may.
    pub(crate) violations: Vec<String>,
    pub(crate) slowest: Duration,
}

impl Tally {
    /// A GET; returns its answer when it is 200. The front promises to answer within `deadline`.
    pub(crate) async fn get(&self, client: &Client, path: &str, deadline: Duration) -> Option<Answer> {
        let start = Instant::now();
        let answer = client.request(Method::GET, path).await;
        let elapsed = start.elapsed();
        let verdict = match &answer {
            Ok(_) if elapsed > deadline + MARGIN => Err(format!("answered after {elapsed:?}")),
            Ok(answer) => judge(answer),
            Err(error) => Err(format!("no answer after {elapsed:?}: {error:#}")),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.slowest = counts.slowest.max(elapsed);
        match verdict {
            Ok(outcome) => *counts.outcomes.entry(outcome).or_default() += 1,
            Err(why) => counts.violations.push(format!("GET {path}: {why}")),
        }
        answer.ok().filter(|answer| answer.status == StatusCode::OK)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The outcome's name, or why an answer is none that a client may get.
fn judge(answer: &Answer) -> Result<String, String> {
    let status = answer.status.as_u16();
    if answer.status == StatusCode::OK {
        return Ok("200".to_owned());
    }
    let told = || format!("{status} {}", answer.body);
    let is_problem =
        answer.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let kind = answer.body["type"].as_str().filter(|_| is_problem).ok_or_else(told)?;
    match answer.status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Ok(format!("{status} {kind}")),
        _ => Err(told()),
    }
}
