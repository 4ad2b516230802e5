//! Takes requests from the queues of all work classes.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use gateway_core::Result;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::backoff::Backoff;
use super::fault::Fault;
use super::handling::{Handling, requeue};
use super::inbound::Inbound;
use super::supervisor::{Link, Session as _, connected};
use super::topology;
use crate::admission::Admission;
use crate::envelope::WorkClass;

/// What serves requests until it is told to stop, over as many connections as that takes.
pub(super) struct Server {
    pub(super) handling: Arc<Handling>,
    pub(super) admission: Admission,
    pub(super) prefetch: u16,
    pub(super) tasks: TaskTracker,
}

impl Server {
    pub(super) async fn run(
        &self,
        mut inbound: watch::Receiver<Link<Inbound>>,
        stop: CancellationToken,
    ) -> Result<()> {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let both = async {
                // What cannot be answered is not taken.
                connected(&mut self.handling.outbound.clone()).await?;
                connected(&mut inbound).await
            };
            let Some(session) = stop.run_until_cancelled(both).await else { break };
            let session = session.map_err(|fault| fault.to_error())?;
            match self.consume(session.connection(), &stop).await {
                Ok(()) => backoff.reset(),
                Err(fault) if fault.is_lasting() => return Err(fault.to_error()),
                Err(fault) => tracing::warn!(%fault, "requests cannot be taken from the message broker"),
            }
            stop.run_until_cancelled(tokio::time::sleep(backoff.next())).await;
        }
        self.finish().await;
        Ok(())
    }

    /// Takes requests until `stop` or until the broker ends it.
    async fn consume(&self, connection: &Connection, stop: &CancellationToken) -> Result<(), Fault> {
        let mut lines = Vec::new();
        for class in WorkClass::ALL {
            lines.push(Line::open(connection, class, self.prefetch).await?);
        }
        // One class that ends, ends all: they are opened together.
        let ended = stop.child_token();
        join_all(lines.iter_mut().map(|line| line.take(self, &ended))).await;
        if stop.is_cancelled() {
            // Their acks need these channels.
            self.finish().await;
            for line in lines {
                // Its answer says that the acks before it have arrived.
                let _ = line.channel.close(200, "stopped".into()).await;
            }
        }
        Ok(())
    }

    async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// One work class's channel and consumer.
struct Line {
    class: WorkClass,
    channel: Channel,
    consumer: Consumer,
}

impl Line {
    async fn open(connection: &Connection, class: WorkClass, prefetch: u16) -> Result<Self, Fault> {
        let channel = connection.create_channel().await?;
        channel.basic_qos(prefetch.max(1), BasicQosOptions::default()).await?;
        let queue = topology::declare_requests(&channel, class).await?;
        let options = BasicConsumeOptions::default();
        let consumer =
            channel.basic_consume(queue, ShortString::default(), options, FieldTable::default()).await?;
        Ok(Self { class, channel, consumer })
    }

    async fn take(&mut self, server: &Server, ended: &CancellationToken) {
        while let Some(next) = ended.run_until_cancelled(self.consumer.next()).await {
            let Some(Ok(message)) = next else {
                ended.cancel();
                return;
            };
            let Some(place) = ended.run_until_cancelled(server.admission.enter(self.class)).await else {
                requeue(&message).await;
                break;
            };
            // Its connection ended while it waited: the broker delivers it again, to begin now would be twice.
            if message.acker.usable() {
                server.tasks.spawn(Arc::clone(&server.handling).handle(self.class, message, place));
            }
        }
        self.give_back().await;
    }

    /// Stops taking, and gives back what came but was not begun.
    async fn give_back(&mut self) {
        if self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default()).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = self.consumer.next().await {
            requeue(&message).await;
        }
    }
}
