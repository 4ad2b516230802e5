//! The ends of a connection: as the envelopes of its requests name them, and as shares count them.

use std::net::SocketAddr;

use super::peer::Peer;

/// The ends of a connection.
#[derive(Clone, Debug)]
pub(super) struct ConnectionInfo {
    /// The address and port of the client.
    pub(super) peer: String,
    /// The party behind that address.
    pub(super) party: Peer,
    pub(super) listener: String,
    pub(super) scheme: &'static str,
}

impl ConnectionInfo {
    pub(super) fn new(peer: SocketAddr, listener: SocketAddr, tls: bool) -> Self {
        Self {
            peer: peer.to_string(),
            party: Peer::of(peer.ip()),
            listener: listener.to_string(),
            scheme: if tls { "https" } else { "http" },
        }
    }
}
