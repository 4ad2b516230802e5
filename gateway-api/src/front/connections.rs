//! The limit of open connections, in total and of each peer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway_core::config::Front as Config;
use gateway_core::shares::Held;

use super::descriptors;
use super::peer::Peer;

/// The open connections of one front, from their acceptance to their end. TLS handshakes count.
#[derive(Debug)]
pub(super) struct Connections {
    open: Arc<Mutex<Held<Peer>>>,
    per_peer: usize,
}

/// An open connection, which counts until it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    open: Arc<Mutex<Held<Peer>>>,
    peer: Peer,
}

impl Connections {
    pub(super) fn new(config: &Config) -> Self {
        let total = descriptors::connections(config.max_connections);
        Self { open: Arc::new(Mutex::new(Held::new(total))), per_peer: config.max_connections_per_peer }
    }

    /// Counts a connection of a peer; none if there are too many. A peer may have the configured number, and fewer if many
    /// peers have connections: each must have fewer than are still free.
    pub(super) fn admit(&self, peer: Peer) -> Option<OpenConnection> {
        let mut open = lock(&self.open);
        if open.of(&peer) >= self.per_peer || !open.allows(&[peer], |_| false) {
            return None;
        }
        open.take(&[peer]);
        Some(OpenConnection { open: Arc::clone(&self.open), peer })
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        lock(&self.open).give_back(&[self.peer]);
    }
}

fn lock(open: &Mutex<Held<Peer>>) -> MutexGuard<'_, Held<Peer>> {
    // Nothing panics between two changes that belong together.
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
