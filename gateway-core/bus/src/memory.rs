//! The bus of a gateway in one process: the guarantees of the broker, with queues in memory.

mod queue;
mod subscribers;
mod worker;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use gateway_core::{Clock, Error, Result};
use tokio::sync::{broadcast, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::envelope::{Envelope, WorkClass};
use crate::error::RequestError;
use crate::instruments;
use crate::limit::{MAX_MESSAGE, MAX_REPLY, json_bytes};
use crate::nudge::{BACKLOG, Nudge};
use crate::port::{Bus, EventStream, Publication, Refused, RequestService, ServeOptions};
use crate::reply::Reply;
use crate::topic;
use queue::{Job, Queue};
use subscribers::Subscribers;
use worker::Worker;

/// The in-process bus. Messages in it end with the process.
pub struct MemoryBus {
    clock: Arc<dyn Clock>,
    queues: [Arc<Queue>; WorkClass::ALL.len()],
    subscribers: Subscribers,
    nudges: broadcast::Sender<Nudge>,
    closed: CancellationToken,
}

impl MemoryBus {
    /// Makes a bus that compares deadlines with this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            queues: Default::default(),
            subscribers: Subscribers::default(),
            nudges: broadcast::Sender::new(BACKLOG),
            closed: CancellationToken::new(),
        })
    }

    fn queue(&self, class: WorkClass) -> &Arc<Queue> {
        &self.queues[class as usize]
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.is_cancelled() { Err(Error::unavailable("the bus is closed")) } else { Ok(()) }
    }

    /// Waits for the handler's answer or the end of the bus; forever if a handler drops the request.
    async fn answer(&self, answer: oneshot::Receiver<Reply>) -> Result<Reply, RequestError> {
        tokio::select! {
            biased;
            Ok(reply) = answer => Ok(reply),
            () = self.closed.cancelled() => Err(RequestError::Lost),
        }
    }

    async fn exchange(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        if self.closed.is_cancelled() {
            return Err(RequestError::NoBroker);
        }
        let remaining = envelope.deadline.since(self.clock.now());
        if remaining.is_zero() {
            return Err(RequestError::Timeout);
        }
        let bytes = json_bytes(&envelope);
        if bytes > MAX_MESSAGE {
            return Err(RequestError::TooLarge { bytes, limit: MAX_MESSAGE });
        }
        let (sender, receiver) = oneshot::channel();
        self.queue(class).push(Job { envelope, answer: sender, attempts: 0 })?;
        tokio::time::timeout(remaining, self.answer(receiver)).await.unwrap_or(Err(RequestError::Timeout))
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        instruments::request(class, self.exchange(class, envelope)).await
    }

    async fn serve(
        &self,
        service: Arc<dyn RequestService>,
        options: ServeOptions,
        stop: CancellationToken,
    ) -> Result<()> {
        let admission = Admission::new(options);
        let tasks = TaskTracker::new();
        let workers = WorkClass::ALL.map(|class| Worker {
            class,
            queue: Arc::clone(self.queue(class)),
            service: Arc::clone(&service),
            clock: Arc::clone(&self.clock),
            admission: admission.clone(),
            tasks: tasks.clone(),
        });
        let until = stop.child_token();
        let run = join_all(workers.map(|worker| worker.run(until.clone())));
        tokio::pin!(run);
        tokio::select! {
            _ = &mut run => {}
            () = self.closed.cancelled() => {
                until.cancel();
                run.await;
            }
        }
        tasks.close();
        tasks.wait().await;
        Ok(())
    }

    async fn publish(&self, mut events: Vec<Publication>) -> Result<Vec<Refused>> {
        self.check_open()?;
        let refused = Refused::remove_from(&mut events, self.max_event_bytes());
        self.subscribers.publish(&events);
        Ok(refused)
    }

    fn max_event_bytes(&self) -> usize {
        MAX_REPLY
    }

    async fn subscribe(&self, patterns: &[String]) -> Result<EventStream> {
        self.check_open()?;
        for pattern in patterns {
            topic::check(pattern)?;
        }
        Ok(Box::pin(ReceiverStream::new(self.subscribers.add(patterns.to_vec()))))
    }

    async fn nudge(&self, nudge: Nudge) {
        // Without a receiver the nudge is not needed.
        let _ = self.nudges.send(nudge);
    }

    fn nudges(&self) -> broadcast::Receiver<Nudge> {
        self.nudges.subscribe()
    }

    fn is_connected(&self) -> bool {
        !self.closed.is_cancelled()
    }

    async fn close(&self) {
        self.closed.cancel();
        self.subscribers.clear();
        for queue in &self.queues {
            queue.clear();
        }
    }
}
