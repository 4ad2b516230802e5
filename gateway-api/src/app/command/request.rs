//! The request to run one command.

use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::VerbSpec;
use serde_json::Value;
use uuid::Uuid;

use super::deadline::Deadline;
use super::digest::RequestDigest;
use super::idempotency_key::IdempotencyKey;
use super::target::Target;

/// A request to run one command.
pub(crate) struct CommandRequest {
    pub(crate) kind: Kind,
    pub(crate) spec: &'static VerbSpec,
    pub(crate) subject: Subject,
    /// The body of the verb, and for a create also `cloud`, `region` and `account`.
    pub(crate) body: Value,
    pub(crate) key: Option<IdempotencyKey>,
    /// The id of the message that carried the request.
    pub(crate) message: Uuid,
    pub(crate) digest: RequestDigest,
    pub(crate) deadline: Deadline,
}

/// The subject of a command.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A resource that is to be created.
    New,
    /// An existing resource.
    Resource(ResourceId),
    /// An existing resource whose record was read before.
    Target(Box<Target>),
}
