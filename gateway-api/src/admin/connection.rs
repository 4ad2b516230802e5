//! A connection of the admin listener: one request, within a few seconds.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tower::ServiceExt as _;

/// The longest time of a request, from the connection to the end of the answer. A longer time lets slow callers hold
/// connections; a shorter one cuts off callers of a busy process.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a request's head.
const MAX_HEAD: usize = 16 * 1024;

/// Serves one request, and closes the connection.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, routes: Router, _slot: OwnedSemaphorePermit) {
    let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), answer);
    match tokio::time::timeout(REQUEST_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a connection of the admin listener ended early"),
        Err(_) => tracing::debug!(%peer, "a request of the admin listener took too long"),
    }
}
