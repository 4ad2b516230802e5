//! Signals that end a process.

use gateway_core::error::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM or SIGINT; the second signal ends the process at once.
pub(super) fn stop_token() -> Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        for urgent in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if urgent {
                std::process::exit(130);
            }
            tracing::info!("stopping: work in hand is finished first; a second signal stops at once");
            cancel.cancel();
        }
    });
    Ok(stop)
}
