//! Sending a write until it is answered: it has a key, so that it is done once however often it is sent.

use std::time::Duration;

use clap::Args;
use gateway_core::error::{Error, Result, Status};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::access::Access;
use super::api::{Answer, Gateway, Write};
use super::problem;
use crate::cli::output;

/// Waits between two tries: from the first, twice as long each time, up to the longest.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Time for one try at least: less would give up what an answer is on its way for.
const LEAST: Duration = Duration::from_secs(1);

/// Longest key that the API takes.
const LONGEST_KEY: usize = 255;

#[derive(Debug, Args)]
pub(super) struct Sending {
    /// The Idempotency-Key: however often a write comes with it, it is done once [default: a new one for each].
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(super) key: Option<String>,
    /// How long to try when the connection breaks or the gateway cannot serve, and to wait for the outcome: a number
    /// and `s`, `m` or `h`.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = time)]
    pub(super) timeout: Duration,
    /// Tell the key of each write on standard error.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    pub(super) access: Access,
}

/// What came at last.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) answer: Answer,
    /// How often it was sent: an earlier try may have done what the last one finds done.
    pub(super) tries: u32,
}

/// How writes of one command are sent.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) gateway: Gateway,
    key: Option<String>,
    timeout: Duration,
    verbose: bool,
}

impl Sending {
    pub(super) fn sender(self) -> Result<Sender> {
        let Self { key, timeout, verbose, access } = self;
        Ok(Sender { gateway: access.gateway()?, key, timeout, verbose })
    }
}

impl Sender {
    /// The key of the next write.
    pub(super) fn key(&self) -> String {
        let key = self.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        if self.verbose {
            output::note(&format!("key: {key}"));
        }
        key
    }

    /// Sends a write until there is an answer that another try would not change. A refusal is an error, and names the
    /// key.
    pub(super) async fn send(&self, write: &Write<'_>) -> Result<Sent> {
        let sent = self.any(write).await?;
        match sent.answer.status.is_success() {
            true => Ok(sent),
            false => Err(sent.answer.refusal(&key_line(write))),
        }
    }

    /// The same, with refusals as answers.
    pub(super) async fn any(&self, write: &Write<'_>) -> Result<Sent> {
        let until = Instant::now() + self.timeout;
        let mut pause = SHORTEST;
        for tries in 1.. {
            let left = until.saturating_duration_since(Instant::now()).max(LEAST);
            let (passing, reason) = match self.gateway.write(write, left).await {
                Ok(answer) if !problem::may_pass(answer.status, &answer.body) => {
                    return Ok(Sent { answer, tries });
                }
                Ok(answer) => {
                    let reason = answer.refusal(&[]);
                    (answer.refusal(&key_line(write)), reason)
                }
                Err(error) if error.status() == Status::Temporary => {
                    let reason = Error::new(error.kind(), error.chain());
                    (error.with("key", write.key), reason)
                }
                Err(error) => return Err(error.with("key", write.key)),
            };
            let wait = passing.retry_after().map_or(pause, |wanted| wanted.clamp(pause, LONGEST));
            if Instant::now() + wait >= until {
                return Err(passing);
            }
            if tries == 1 {
                let reason = reason.message().lines().next().unwrap_or_default();
                output::note(&format!("{reason}; trying again with the same key"));
            }
            sleep(wait).await;
            pause = (pause * 2).min(LONGEST);
        }
        Err(Error::internal("there is always another try"))
    }
}

fn key_line(write: &Write<'_>) -> [String; 1] {
    [format!("key: {}", write.key)]
}

/// What the API takes as a key.
fn key(text: &str) -> Result<String, String> {
    let fine = (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match fine {
        true => Ok(text.to_owned()),
        false => Err(format!("must be one word of 1 to {LONGEST_KEY} visible ASCII characters")),
    }
}

/// A length of time.
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
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "must be a whole number with s, m or h behind it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_a_unit() {
        for (text, seconds) in [("30s", 30), ("2m", 120), ("1h", 3600), ("7", 7), ("0s", 0)] {
            assert_eq!(time(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        for wrong in ["", "s", "1.5s", "-1s", "2d", "5ms", "99999999999s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_are_those_that_the_api_takes() {
        assert_eq!(key("night-1").unwrap(), "night-1");
        for wrong in ["", "a b", "ä", "a\n", &"x".repeat(256)] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }
}
