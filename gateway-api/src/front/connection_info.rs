//! The ends of a connection, as the envelopes of its requests name them.

/// The ends of a connection.
#[derive(Clone, Debug)]
pub(super) struct ConnectionInfo {
    pub(super) peer: String,
    pub(super) listener: String,
    pub(super) scheme: &'static str,
}
