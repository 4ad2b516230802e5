//! A connection of a client: TLS if configured, then HTTP/1.1 or HTTP/2.

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

use super::connection_info::ConnectionInfo;
use super::service::Service;

/// The longest TLS handshake. A higher value lets dead peers hold a file descriptor; a lower one cuts off clients on
/// slow lines.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time from the end of one request to the end of the next one's head. A higher value keeps more idle
/// connections open; a lower one makes clients reconnect.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// A connection of a client.
pub(super) struct Connection {
    service: Arc<Service>,
    info: ConnectionInfo,
}

impl Connection {
    pub(super) fn new(service: &Arc<Service>, peer: SocketAddr, listener: SocketAddr, tls: bool) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let info = ConnectionInfo { peer: peer.to_string(), listener: listener.to_string(), scheme };
        Self { service: Arc::clone(service), info }
    }

    /// Serves the connection until it ends.
    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: Watcher) {
        // Responses are written whole, so that waiting to fill packets would only add delay.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.serve(stream, watcher).await };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, watcher).await,
            Ok(Err(error)) => tracing::debug!(peer = self.info.peer, %error, "the TLS handshake failed"),
            Err(_) => tracing::debug!(peer = self.info.peer, "the TLS handshake timed out"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(self, stream: S, watcher: Watcher) {
        let mut server = auto::Builder::new(TokioExecutor::new());
        server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        server.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT);
        let (service, info) = (self.service, Arc::new(self.info));
        let peer = info.peer.clone();
        let answer = service_fn(move |request| {
            let (service, info) = (Arc::clone(&service), Arc::clone(&info));
            async move { Ok::<_, Infallible>(service.call(&info, request).await) }
        });
        let connection = server.serve_connection(TokioIo::new(stream), answer).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(peer, error, "a connection ended early");
        }
    }
}
