//! Subscribers to events.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::port::Publication;
use crate::topic;

/// The most events that a subscriber may be behind. A higher number tolerates slower subscribers; each event costs its
/// memory.
const BACKLOG: usize = 4096;

struct Subscriber {
    patterns: Vec<String>,
    events: mpsc::Sender<Publication>,
}

/// All subscribers. A subscriber that falls too far behind is dropped: its stream ends, as with a lost connection, so that
/// it lists again and misses no event unnoticed.
#[derive(Default)]
pub(super) struct Subscribers(Mutex<Vec<Subscriber>>);

impl Subscribers {
    pub(super) fn add(&self, patterns: Vec<String>) -> mpsc::Receiver<Publication> {
        let (events, stream) = mpsc::channel(BACKLOG);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Subscriber { patterns, events });
        stream
    }

    /// Sends the events to every subscriber with a matching pattern, in this order. Two batches never mix.
    pub(super) fn publish(&self, events: &[Publication]) {
        let mut subscribers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        subscribers.retain(|subscriber| {
            events
                .iter()
                .filter(|event| subscriber.wants(&event.routing_key))
                .all(|event| subscriber.events.try_send(event.clone()).is_ok())
                && !subscriber.events.is_closed()
        });
    }

    /// Ends every stream.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Subscriber {
    fn wants(&self, key: &str) -> bool {
        self.patterns.iter().any(|pattern| topic::matches(pattern, key))
    }
}
