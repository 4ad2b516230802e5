//! Consumption of requests from the queues of all work classes.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use gateway_core::Result;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fault::Fault;
use super::handling::{Handling, requeue};
use super::inbound::Inbound;
use super::supervisor::{Link, RECONNECT, Session as _, connected};
use super::topology;
use crate::admission::Admission;
use crate::envelope::WorkClass;
use crate::instruments;
use crate::port::ServeOptions;

/// A server of requests, over any number of successive connections.
pub(super) struct Server {
    pub(super) handling: Arc<Handling>,
    pub(super) admission: Admission,
    pub(super) options: ServeOptions,
    pub(super) tasks: TaskTracker,
}

impl Server {
    /// Serves until `stop`, each class independently: a write queue without a majority does not answer its declaration and
    /// must not delay reads.
    pub(super) async fn run(
        &self,
        inbound: &watch::Receiver<Link<Inbound>>,
        stop: &CancellationToken,
    ) -> Result<()> {
        try_join_all(WorkClass::ALL.map(|class| self.serve(class, inbound.clone(), stop))).await?;
        self.finish().await;
        Ok(())
    }

    async fn serve(
        &self,
        class: WorkClass,
        mut inbound: watch::Receiver<Link<Inbound>>,
        stop: &CancellationToken,
    ) -> Result<()> {
        let mut backoff = RECONNECT;
        while !stop.is_cancelled() {
            let opening = async {
                // A request that cannot be answered is not taken.
                connected(&mut self.handling.outbound.clone()).await?;
                let session = connected(&mut inbound).await?;
                let connection = session.connection();
                let consumer = ClassConsumer::open(connection, class, self.options.prefetch(class)).await?;
                Ok::<_, Fault>((consumer, connection.status().clone()))
            };
            match stop.run_until_cancelled(opening).await {
                None => break,
                Some(Ok((consumer, connection))) => {
                    backoff.reset();
                    consumer.take(self, stop).await;
                    if connection.connected() && !stop.is_cancelled() {
                        instruments::channel_reopened(class.as_str());
                    }
                }
                Some(Err(fault)) if fault.is_lasting() => return Err(fault.to_error()),
                Some(Err(fault)) => {
                    tracing::warn!(class = class.as_str(), error = %fault, "consuming requests failed");
                }
            }
            stop.run_until_cancelled(tokio::time::sleep(backoff.next_wait())).await;
        }
        Ok(())
    }

    async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The channel and consumer of a work class.
struct ClassConsumer {
    class: WorkClass,
    channel: Channel,
    consumer: Consumer,
}

impl ClassConsumer {
    async fn open(connection: &Connection, class: WorkClass, prefetch: u16) -> Result<Self, Fault> {
        let channel = connection.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let queue = topology::declare_requests(&channel, class).await?;
        let options = BasicConsumeOptions::default();
        let consumer =
            channel.basic_consume(queue, ShortString::default(), options, FieldTable::default()).await?;
        Ok(Self { class, channel, consumer })
    }

    /// Takes requests until `stop` and then waits for those in progress, or returns when the broker ends the consumer.
    async fn take(mut self, server: &Server, stop: &CancellationToken) {
        while let Some(next) = stop.run_until_cancelled(self.consumer.next()).await {
            let Some(Ok(message)) = next else { return };
            let Some(slot) = stop.run_until_cancelled(server.admission.enter(self.class)).await else {
                requeue(&message).await;
                break;
            };
            // If the connection ended during the wait, the broker delivers the request again.
            if message.acker.usable() {
                server.tasks.spawn(Arc::clone(&server.handling).handle(self.class, message, slot));
            }
        }
        self.give_back().await;
        // Acks need this channel; the answer to its close confirms that they arrived.
        server.finish().await;
        let _ = self.channel.close(200, "stopped".into()).await;
    }

    /// Cancels the consumer and returns messages that were not started to the queue.
    async fn give_back(&mut self) {
        if self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default()).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = self.consumer.next().await {
            requeue(&message).await;
        }
    }
}
