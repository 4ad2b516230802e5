//! Supervision of a session with the broker: opens it, detects its end and opens the next.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::Backoff;
use lapin::Connection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::fault::Fault;
use crate::instruments;

/// The time that a connection has to close before it is dropped. A longer time lets a slow broker finish; a shorter one ends
/// sooner.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The waits before the broker is tried again. A shorter first wait finds a restarted broker sooner; a longer bound spares
/// one that stays away.
pub(super) const RECONNECT: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// A session, made new on each connection.
#[async_trait]
pub(super) trait Session: Sized + Send + Sync + 'static {
    /// The name in the log and in the broker's list of connections.
    const NAME: &'static str;
    /// The data that a session needs besides its connection.
    type Context: Clone + Send + Sync + 'static;

    /// Opens the session on a new connection.
    async fn open(connection: Connection, context: Self::Context) -> Result<Self, Fault>;
    /// Returns the connection.
    fn connection(&self) -> &Connection;
    /// Returns the token that is cancelled at the end of the session.
    fn broken(&self) -> &CancellationToken;
    /// Fails everything that waits for the session.
    fn abandon(&self);
}

/// The state of a session.
pub(super) enum Link<S> {
    /// The first attempt is in progress.
    Connecting,
    /// The session is open.
    Up(Arc<S>),
    /// The last attempt failed, or the session ended.
    Down(Fault),
}

impl<S> Link<S> {
    /// Returns the session, if one is open.
    pub(super) fn session(&self) -> Option<Arc<S>> {
        match self {
            Self::Up(session) => Some(Arc::clone(session)),
            _ => None,
        }
    }
}

/// Waits for a session. An error is a lasting fault.
pub(super) async fn connected<S>(link: &mut watch::Receiver<Link<S>>) -> Result<Arc<S>, Fault> {
    loop {
        match &*link.borrow_and_update() {
            Link::Up(session) => return Ok(Arc::clone(session)),
            Link::Down(fault) if fault.is_lasting() => return Err(fault.clone()),
            Link::Down(_) | Link::Connecting => {}
        }
        if link.changed().await.is_err() {
            return Err(Fault::Passing("the bus is closed".to_owned()));
        }
    }
}

/// Keeps a session open until `stop`.
pub(super) async fn supervise<S: Session>(
    address: Arc<Address>,
    context: S::Context,
    link: watch::Sender<Link<S>>,
    stop: CancellationToken,
) {
    let broker = address.shown();
    let mut backoff = RECONNECT;
    instruments::connected(S::NAME, false);
    loop {
        let Some(opened) = stop.run_until_cancelled(open(&address, context.clone())).await else { break };
        match opened {
            Ok(session) => {
                backoff.reset();
                tracing::info!(%broker, session = S::NAME, "connected to the message broker");
                let session = Arc::new(session);
                link.send_replace(Link::Up(Arc::clone(&session)));
                instruments::connected(S::NAME, true);
                stop.run_until_cancelled(session.broken().cancelled()).await;
                // The link goes down before pending requests fail, so that no request is added in between.
                link.send_replace(Link::Down(Fault::Passing("the connection was lost".to_owned())));
                instruments::connected(S::NAME, false);
                if !stop.is_cancelled() {
                    tracing::warn!(%broker, session = S::NAME, "the connection to the message broker was lost");
                }
                end(&*session).await;
            }
            Err(fault) => {
                tracing::warn!(%broker, session = S::NAME, error = %fault, "connecting to the message broker failed");
                link.send_replace(Link::Down(fault));
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(backoff.next_wait())).await.is_none() {
            break;
        }
    }
    link.send_replace(Link::Down(Fault::Passing("the bus is closed".to_owned())));
}

async fn open<S: Session>(address: &Address, context: S::Context) -> Result<S, Fault> {
    let connection = address.connect(&format!("gateway {}", S::NAME)).await?;
    S::open(connection, context).await
}

async fn end<S: Session>(session: &S) {
    session.broken().cancel();
    session.abandon();
    // Fails on a lost connection, which needs no close.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, session.connection().close(200, "closed".into())).await;
}
