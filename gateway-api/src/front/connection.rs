//! A connection of a client: TLS if configured, then HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
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
use super::connections::OpenConnection;
use super::progress::{Progress, TimeLimits};
use super::service::Service;
use super::wire::Wire;

/// The longest time from the end of one request to the end of the next one's head. A higher value keeps more idle
/// connections open; a lower one makes clients reconnect.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// The buffer of an HTTP/1.1 connection, and so the longest head. A higher value lets half-sent heads hold more memory; a
/// lower one refuses long queries.
const BUFFER: usize = 64 << 10;

/// Most requests at once on an HTTP/2 connection. A higher value lets one connection hold more memory; a lower one makes
/// clients open more connections.
const STREAMS: u32 = 100;

/// A connection of a client.
pub(super) struct Connection {
    service: Arc<Service>,
    info: ConnectionInfo,
    limits: TimeLimits,
    _open: OpenConnection,
}

impl Connection {
    pub(super) fn new(
        service: &Arc<Service>,
        open: OpenConnection,
        info: ConnectionInfo,
        limits: TimeLimits,
    ) -> Self {
        Self { service: Arc::clone(service), info, limits, _open: open }
    }

    /// Serves the connection until it ends, or until it makes no progress.
    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: Watcher) {
        // Responses are written whole, so that waiting to fill packets would only add delay.
        let _ = stream.set_nodelay(true);
        let (progress, info) = (Progress::new(), Arc::new(self.info));
        let wire = Wire::new(stream, &progress);
        let served = async {
            let Some(tls) = tls else {
                return serve(&self.service, &info, &progress, wire, watcher).await;
            };
            match tls.accept(wire).await {
                Ok(wire) => serve(&self.service, &info, &progress, wire, watcher).await,
                Err(error) => tracing::debug!(peer = info.peer, %error, "a TLS handshake failed"),
            }
        };
        tokio::select! {
            () = served => {}
            reason = progress.stalled(self.limits) => {
                tracing::debug!(peer = info.peer, reason, "a connection was closed");
            }
        }
    }
}

async fn serve(
    service: &Arc<Service>,
    info: &Arc<ConnectionInfo>,
    progress: &Arc<Progress>,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    watcher: Watcher,
) {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_TIMEOUT).max_concurrent_streams(STREAMS);
    let answer = {
        let (service, info, progress) = (Arc::clone(service), Arc::clone(info), Arc::clone(progress));
        service_fn(move |request| {
            let (service, info, progress) = (Arc::clone(&service), Arc::clone(&info), Arc::clone(&progress));
            progress.request();
            async move {
                let response = service.call(&info, request).await;
                Ok::<_, Infallible>(response.map(|body| body.watched(&progress)))
            }
        })
    };
    let connection = server.serve_connection(TokioIo::new(stream), answer).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(peer = info.peer, error, "a connection ended early");
    }
}
