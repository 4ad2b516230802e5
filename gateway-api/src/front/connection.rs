//! One connection of a client: TLS if wanted, then HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::service::Service;

/// Longer lets dead peers hold a file descriptor; shorter cuts clients on slow lines off.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// From a connection's idleness to the end of its next request's head. Longer keeps more idle connections
/// open; shorter makes clients reconnect.
const HEAD: Duration = Duration::from_secs(75);

/// A connection's ends, the same for all its requests.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) peer: String,
    pub(super) listener: String,
    pub(super) scheme: &'static str,
}

pub(super) struct Connection {
    service: Arc<Service>,
    ends: Ends,
}

impl Connection {
    pub(super) fn new(service: &Arc<Service>, peer: SocketAddr, listener: SocketAddr, tls: bool) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let ends = Ends { peer: peer.to_string(), listener: listener.to_string(), scheme };
        Self { service: Arc::clone(service), ends }
    }

    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: Watcher) {
        // Answers are written whole: waiting to fill packets only adds delay.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.serve(stream, watcher).await };
        match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, watcher).await,
            Ok(Err(error)) => tracing::debug!(peer = self.ends.peer, %error, "no TLS handshake"),
            Err(_) => tracing::debug!(peer = self.ends.peer, "no TLS handshake in time"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(self, stream: S, watcher: Watcher) {
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
        server.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD);
        let (service, ends) = (self.service, Arc::new(self.ends));
        let answer = service_fn(move |request| {
            let (service, ends) = (Arc::clone(&service), Arc::clone(&ends));
            async move { Ok::<_, Infallible>(service.call(&ends, request).await) }
        });
        let connection = server.serve_connection(TokioIo::new(stream), answer).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(error, "a connection ended early");
        }
    }
}
