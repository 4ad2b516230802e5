//! The broker's own limit of messages, found by trial on each connection.
//!
//! The broker closes the channel of a message that is over its limit (`max_message_size`), and with it drops messages that
//! others sent there. So the limit is known before anything is sent. It is fixed while a broker runs.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ErrorKind};

use super::fault::{Fault, PRECONDITION_FAILED};
use crate::limit::{MAX_MESSAGE, MAX_REPLY};

/// The longest wait for the broker's verdict. A broker that blocks publishers gives none, and the limit is then unknown. A
/// longer wait finds the limit of a slower broker; a shorter one connects sooner to one that blocks.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The smallest limit that is tried. A broker with less could not serve.
const LEAST: usize = 4 << 10;

/// A queue that does not exist; the broker confirms the message and drops it.
const NOWHERE: &str = "gateway.limit";

/// Returns the largest message that the broker takes, at most [`MAX_MESSAGE`].
pub(super) async fn find(connection: &Connection) -> Result<usize, Fault> {
    let mut size = MAX_MESSAGE;
    loop {
        let Ok(verdict) = tokio::time::timeout(TIMEOUT, accepts(connection, size)).await else {
            tracing::warn!("the message broker did not say how large messages may be");
            return Ok(MAX_MESSAGE);
        };
        match verdict? {
            Verdict::Accepted => break,
            Verdict::Limit(limit) if limit < size => {
                size = limit;
                break;
            }
            // Its words are unknown; the next size is tried.
            Verdict::Limit(_) | Verdict::Refused if size > LEAST => size /= 2,
            Verdict::Limit(_) | Verdict::Refused => break,
        }
    }
    if size < MAX_REPLY {
        tracing::warn!(
            bytes = size,
            "the message broker takes small messages only; raise its `max_message_size`"
        );
    }
    Ok(size)
}

/// The broker's verdict on a message.
enum Verdict {
    Accepted,
    /// Refused, with the broker's limit.
    Limit(usize),
    Refused,
}

/// Sends a message of that size on a channel of its own.
async fn accepts(connection: &Connection, size: usize) -> Result<Verdict, Fault> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let payload = vec![0; size];
    let options = BasicPublishOptions::default();
    let properties = BasicProperties::default();
    let sent = async {
        channel.basic_publish("".into(), NOWHERE.into(), options, &payload, properties).await?.await
    };
    match sent.await {
        Ok(_) => {
            // Fails if the connection was lost meanwhile, which the session notices.
            let _ = channel.close(200, "done".into()).await;
            Ok(Verdict::Accepted)
        }
        Err(error) => match error.kind() {
            ErrorKind::ProtocolError(amqp) if amqp.get_id() == PRECONDITION_FAILED => {
                Ok(limit_in(&error.to_string()).map_or(Verdict::Refused, Verdict::Limit))
            }
            _ => Err(error.into()),
        },
    }
}

/// Reads the limit from the broker's words: `message size 2097152 is larger than configured max size 65536`.
fn limit_in(text: &str) -> Option<usize> {
    let (_, limit) = text.rsplit_once("max size ")?;
    let digits = limit.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_read_from_the_words_of_the_broker() {
        let words = "PRECONDITION_FAILED - message size 200 is larger than configured max size 65536";
        assert_eq!(limit_in(words), Some(65536));
        assert_eq!(limit_in("message size 200 is larger than max size 100'"), Some(100));
        assert_eq!(limit_in("no such words"), None);
    }
}
