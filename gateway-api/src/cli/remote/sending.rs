//! Writes that are sent until they are answered. The key of a write makes sure that it is done once.

use std::time::Duration;

use clap::Args;
use gateway_client::{ANSWER_TIMEOUT, Answer, Client, Method};
use gateway_core::Backoff;
use gateway_core::error::{Error, Result, Status};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::access::Access;
use super::problem;
use crate::cli::output;

/// First and longest wait between two attempts. A longer first wait answers later after a short break; a longer bound
/// notices later that the gateway is back.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Shortest wait for an answer. Less would give up on one that is on its way.
const SHORTEST_ANSWER: Duration = Duration::from_secs(1);

/// Most characters of a key that the API takes.
const LONGEST_KEY: usize = 255;

#[derive(Debug, Args)]
pub(super) struct Sending {
    /// Send the write under this Idempotency-Key: writes with the same key are done once [default: a new key each time].
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(super) key: Option<String>,
    /// Stop sending and waiting for the outcome after this time: a number and `s`, `m` or `h`.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = time)]
    pub(super) timeout: Duration,
    /// Print the key of each write on standard error.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    pub(super) access: Access,
}

/// A mutating request. It has no `Debug`, because its body may contain secrets.
pub(super) struct Write<'a> {
    pub(super) method: Method,
    /// The path under `/v1/`.
    pub(super) path: String,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: &'a Value,
    pub(super) key: &'a str,
    /// Whether the caller does not wait for the outcome.
    pub(super) no_wait: bool,
}

/// The last answer to a write.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) answer: Answer,
    /// The number of attempts: the last may find what an earlier one has done.
    pub(super) attempts: u32,
}

/// The settings under which a command sends its writes.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) client: Client,
    key: Option<String>,
    timeout: Duration,
    verbose: bool,
}

impl Sending {
    pub(super) fn sender(self) -> Result<Sender> {
        let Self { key, timeout, verbose, access } = self;
        Ok(Sender { client: access.client()?, key, timeout, verbose })
    }
}

impl Sender {
    /// Returns the key of the next write.
    pub(super) fn key(&self) -> String {
        let key = self.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        if self.verbose {
            output::note(&format!("key: {key}"));
        }
        key
    }

    /// Sends a write until its answer is final. A refusal is an error that names the key.
    pub(super) async fn send(&self, write: &Write<'_>) -> Result<Sent> {
        let sent = self.send_any(write).await?;
        match sent.answer.status.is_success() {
            true => Ok(sent),
            false => Err(problem::refused(&sent.answer.refusal(), &key_line(write))),
        }
    }

    /// Sends a write until its answer is final. A refusal is an answer.
    pub(super) async fn send_any(&self, write: &Write<'_>) -> Result<Sent> {
        let end = Instant::now() + self.timeout;
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        loop {
            let left = end.saturating_duration_since(Instant::now()).max(SHORTEST_ANSWER);
            let (error, reason) = match self.attempt(write, left).await {
                Ok(answer) => {
                    let refusal = answer.refusal();
                    if answer.status.is_success() || !refusal.may_pass() {
                        return Ok(Sent { answer, attempts: backoff.failures() + 1 });
                    }
                    (problem::refused(&refusal, &key_line(write)), problem::refused(&refusal, &[]))
                }
                Err(error) if error.status() == Status::Temporary => {
                    let reason = Error::new(error.kind(), error.chain());
                    (error.with("key", write.key), reason)
                }
                Err(error) => return Err(error.with("key", write.key)),
            };
            let own = backoff.next_wait();
            let wait = error.retry_after().map_or(own, |wanted| wanted.clamp(own, LONGEST_WAIT));
            if Instant::now() + wait >= end {
                return Err(error);
            }
            if backoff.failures() == 1 {
                let reason = reason.message().lines().next().unwrap_or_default();
                output::note(&format!("{reason}; trying again with the same key"));
            }
            sleep(wait).await;
        }
    }

    async fn attempt(&self, write: &Write<'_>, longest: Duration) -> Result<Answer> {
        let path = gateway_client::path_of(&write.path, write.query)?;
        let request = self.client.request(write.method.clone(), &path);
        let request =
            request.json(write.body).idempotency_key(write.key).timeout(longest.min(ANSWER_TIMEOUT));
        if write.no_wait { request.respond_async() } else { request }.send().await
    }
}

fn key_line(write: &Write<'_>) -> [String; 1] {
    [format!("key: {}", write.key)]
}

/// Reads a key that the API takes.
fn key(text: &str) -> Result<String, String> {
    let is_valid =
        (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match is_valid {
        true => Ok(text.to_owned()),
        false => Err(format!("must be one word of 1 to {LONGEST_KEY} visible ASCII characters")),
    }
}

/// Reads a length of time.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit {
        "s" | "" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    let seconds = scale.and_then(|scale| Some(u64::from(number.parse::<u32>().ok()?) * scale));
    seconds.map(Duration::from_secs).ok_or_else(|| "must be a whole number followed by s, m or h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_a_number_with_a_unit() {
        for (text, seconds) in [("30s", 30), ("2m", 120), ("1h", 3600), ("7", 7), ("0s", 0)] {
            assert_eq!(time(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        for wrong in ["", "s", "1.5s", "-1s", "2d", "5ms", "99999999999s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn key_that_the_api_refuses_is_refused() {
        assert_eq!(key("night-1").unwrap(), "night-1");
        for wrong in ["", "a b", "ä", "a\n", &"x".repeat(256)] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }
}
