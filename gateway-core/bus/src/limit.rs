//! The limits of messages. A message over a limit fails alone.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::envelope::Body;
use crate::instruments;
use crate::reply::Reply;

/// The largest message of any kind, in bytes. A higher limit costs memory of the broker and of every reader; below 1.4 MiB
/// a request with the largest body would not fit.
pub const MAX_MESSAGE: usize = 2 << 20;

/// The largest reply, in bytes of its JSON. Longer answers have pages or parts. A higher limit lets one reply delay the
/// others on a connection for longer; a lower one refuses more single records.
pub const MAX_REPLY: usize = 1 << 20;

/// The size below which a message is not measured: JSON makes a character at most six times as long.
const SURELY_SMALL: usize = MAX_REPLY / 8;

/// Returns the bytes of a reply; an estimate below the limit for a small one.
pub(crate) fn reply_bytes(reply: &Reply) -> usize {
    let body = match &reply.body {
        Body::None => 0,
        Body::Utf8(text) | Body::Base64(text) | Body::Sealed(text) => text.len(),
    };
    if body < SURELY_SMALL { body } else { json_bytes(reply) }
}

/// Returns the bytes of a value's JSON.
pub(crate) fn json_bytes(value: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // A message consists of texts and numbers, which JSON can always hold; a counter takes any bytes.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// Returns the answer in place of a reply that is too large, and logs it.
pub(crate) fn too_large(reply: &Reply, bytes: usize, limit: usize) -> Reply {
    instruments::reply_too_large();
    tracing::error!(
        request = %reply.message_id,
        status = reply.status,
        bytes,
        reason = format_args!("the limit is {limit} bytes"),
        "an answer is too large and was replaced by an error"
    );
    let problem = json!({
        "type": "/problems/answer-too-large",
        "title": "The answer is too large",
        "status": 500,
        "detail": format!(
            "the request was executed, but its answer of {bytes} bytes exceeds the limit of {limit} bytes; \
             ask for less with `limit`, `fields` or a filter"
        ),
        "instance": format!("urn:uuid:{}", reply.message_id),
    });
    let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
    Reply::new(reply.message_id, 500, headers, Body::Utf8(problem.to_string()))
}

/// A writer that counts.
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn large_replies_are_measured_as_json() {
        for text in ["\u{1}".repeat(SURELY_SMALL), "\"".repeat(MAX_REPLY), "a".repeat(MAX_REPLY)] {
            let reply = Reply::new(Uuid::new_v4(), 200, Vec::new(), Body::Utf8(text));
            assert_eq!(reply_bytes(&reply), serde_json::to_vec(&reply).unwrap().len());
        }
        let small = Reply::new(Uuid::new_v4(), 200, Vec::new(), Body::Utf8("\u{1}".repeat(SURELY_SMALL - 1)));
        assert!(reply_bytes(&small) < MAX_REPLY && json_bytes(&small) < MAX_REPLY);
    }
}
