//! The server: routes, connections, start and stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use gateway_core::{Error, Result};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{commands, content, control, fault_layer, read, write};
use crate::cloud::http::shared::Cloud;
use crate::cloud::options::SimulatorOptions;

/// Interval at which an idle cloud advances. Shorter spreads its moves more evenly.
const TICK: Duration = Duration::from_millis(100);

/// Wait after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Starts simulated clouds.
#[derive(Debug)]
pub struct Simulator;

/// A simulated cloud that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct RunningSimulator {
    address: SocketAddr,
    end: CancellationToken,
    tasks: TaskTracker,
}

impl Simulator {
    /// Starts a cloud, which accepts connections when this returns.
    ///
    /// # Errors
    /// `Invalid` if there is no account or region, or the address cannot be bound.
    pub async fn start(options: SimulatorOptions) -> Result<RunningSimulator> {
        if options.accounts.is_empty() || options.regions.is_empty() {
            return Err(Error::invalid("a simulated cloud requires an account and a region"));
        }
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| Error::invalid(format!("cannot listen on {}: {error}", options.listen)))?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let cloud = Arc::new(Cloud::new(options));
        let (end, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(accept(listener, router(Arc::clone(&cloud)), end.clone(), tasks.clone()));
        tasks.spawn(tick(cloud, end.clone()));
        tasks.close();
        Ok(RunningSimulator { address, end, tasks })
    }
}

impl RunningSimulator {
    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the endpoint to register.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the cloud and waits until its connections are closed.
    pub async fn stop(self) {
        self.end.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

fn router(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/auth", post(read::log_in))
        .route("/regions", get(read::regions))
        .route("/v1/{region}/{collection}", get(read::list).post(write::create))
        .route("/v1/{region}/{collection}/{id}", get(read::get).patch(write::update).delete(write::delete))
        .route("/v1/{region}/{collection}/{id}/content", put(content::fill))
        .route("/v1/{region}/{collection}/{id}/{command}", post(commands::execute))
        .route(
            "/control/faults",
            put(control::put_faults).get(control::get_faults).delete(control::clear_faults),
        )
        .route("/control/movement", put(control::put_movement))
        .route("/control/sessions", axum::routing::delete(control::clear_sessions))
        .route("/control/accounts/{name}/secret", put(control::put_secret))
        .route("/control/vanish", post(control::vanish))
        .route("/control/rename", post(control::rename))
        .route("/control/journal", get(control::journal))
        .route("/control/stats", get(control::stats))
        .route("/control/count", get(control::count))
        .layer(from_fn_with_state(Arc::clone(&cloud), fault_layer::inject))
        .with_state(cloud)
}

async fn accept(listener: TcpListener, router: Router, end: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = end.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(serve(stream, router.clone(), end.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router, end: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut server = hyper::server::conn::http1::Builder::new();
    // The fault layer sets, shifts or omits `Date`.
    server.auto_date_header(false).timer(TokioTimer::new());
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        let answer = router.call(request);
        async move {
            let Ok(answer) = answer.await;
            match answer.extensions().get::<fault_layer::CloseConnection>() {
                Some(_) => Err(std::io::Error::other("the connection is closed by a fault")),
                None => Ok(answer),
            }
        }
    });
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        result = connection => {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection ended early");
            }
        }
        () = end.cancelled() => {}
    }
}

async fn tick(cloud: Arc<Cloud>, end: CancellationToken) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = interval.tick() => cloud.with_tables(|_, _| {}),
            () = end.cancelled() => return,
        }
    }
}
