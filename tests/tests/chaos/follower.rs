//! A follower of the events over REST, page by page, through every outage.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_tests::Client;
use tokio::task::JoinHandle;

use crate::call_counter::CallCounter;
use crate::event::Event;

/// The pause between two requests when no event is left.
const PAUSE: Duration = Duration::from_millis(100);

/// A follower from the first event.
pub(crate) struct Follower {
    events: Arc<Mutex<Vec<Event>>>,
    task: JoinHandle<()>,
}

impl Follower {
    pub(crate) fn start(client: &Client, counter: &CallCounter, deadline: Duration) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (client, counter, sink) = (client.clone(), counter.clone(), Arc::clone(&events));
        let task = tokio::spawn(async move {
            let mut after = 0;
            loop {
                let path = format!("/v1/events?after={after}&limit=1000");
                let page = counter.get(&client, &path, deadline).await.map(|answer| answer.body);
                let Some(page) = page else {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let read = page["items"].as_array().expect("a page has events").iter().map(Event::read);
                let read: Vec<_> = read.collect::<Result<_, _>>().expect("events are events");
                sink.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
                after = page["position"].as_i64().expect("a page has a position");
                if page["more"] != true {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Self { events, task }
    }

    /// Returns all events, in order.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the last event.
    pub(crate) fn last(&self) -> Option<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}
