//! Who follows events.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::port::Publication;
use crate::topic;

/// Events that a follower may be behind. Higher forgives slower followers; each costs one event's memory.
const BACKLOG: usize = 4096;

struct Subscriber {
    patterns: Vec<String>,
    events: mpsc::Sender<Publication>,
}

/// The followers. One that falls too far behind is dropped: its stream ends, as with a lost connection, so
/// that it lists again instead of missing events without knowing.
#[derive(Default)]
pub(super) struct Subscribers(Mutex<Vec<Subscriber>>);

impl Subscribers {
    pub(super) fn add(&self, patterns: Vec<String>) -> mpsc::Receiver<Publication> {
        let (events, stream) = mpsc::channel(BACKLOG);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Subscriber { patterns, events });
        stream
    }

    /// Gives the events to all whom they concern, in this order; two batches never mix.
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

    /// Ends all streams.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Subscriber {
    fn wants(&self, key: &str) -> bool {
        self.patterns.iter().any(|pattern| topic::matches(pattern, key))
    }
}
