//! Keeps one session with the broker: opens it, notices its end, opens the next.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gateway_core::Backoff;
use lapin::Connection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::fault::Fault;

/// How long a closing connection may take to say good-bye. It is dropped then.
const GOODBYE: Duration = Duration::from_secs(5);

/// The waits before the broker is tried again. A shorter first wait finds a restarted broker sooner; a longer bound spares
/// one that stays away.
pub(super) const RECONNECT: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// What is built on a connection anew each time.
#[async_trait]
pub(super) trait Session: Sized + Send + Sync + 'static {
    /// In the log and in the broker's list of connections.
    const NAME: &'static str;
    /// What a session needs besides its connection.
    type Context: Clone + Send + Sync + 'static;

    /// Declares and starts everything on a new connection.
    async fn open(connection: Connection, context: Self::Context) -> Result<Self, Fault>;
    /// Its connection.
    fn connection(&self) -> &Connection;
    /// Cancelled when the session is of no use any more.
    fn broken(&self) -> &CancellationToken;
    /// Fails what waits for it.
    fn abandon(&self);
}

/// Where one session stands.
pub(super) enum Link<S> {
    /// The first attempt is not over.
    Connecting,
    /// It can be used.
    Up(Arc<S>),
    /// The last attempt failed, or the session ended.
    Down(Fault),
}

impl<S> Link<S> {
    /// The session, when there is one.
    pub(super) fn session(&self) -> Option<Arc<S>> {
        match self {
            Self::Up(session) => Some(Arc::clone(session)),
            _ => None,
        }
    }
}

/// Waits for a session; an error is one that does not heal.
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

/// Runs until `stop`.
pub(super) async fn supervise<S: Session>(
    address: Arc<Address>,
    context: S::Context,
    link: watch::Sender<Link<S>>,
    stop: CancellationToken,
) {
    let broker = address.shown();
    let mut backoff = RECONNECT;
    loop {
        let Some(opened) = stop.run_until_cancelled(open(&address, context.clone())).await else { break };
        match opened {
            Ok(session) => {
                backoff.reset();
                tracing::info!(%broker, session = S::NAME, "connected to the message broker");
                let session = Arc::new(session);
                link.send_replace(Link::Up(Arc::clone(&session)));
                stop.run_until_cancelled(session.broken().cancelled()).await;
                // First nobody new comes, then those who wait are told.
                link.send_replace(Link::Down(Fault::Passing("the connection was lost".to_owned())));
                if !stop.is_cancelled() {
                    tracing::warn!(%broker, session = S::NAME, "the connection to the message broker was lost");
                }
                end(&*session).await;
            }
            Err(fault) => {
                tracing::warn!(%broker, session = S::NAME, %fault, "no connection to the message broker");
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
    // Fails on a connection that is lost, which is what was wanted.
    let _ = tokio::time::timeout(GOODBYE, session.connection().close(200, "closed".into())).await;
}
