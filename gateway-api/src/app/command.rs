//! Commands: the way of a mutating request from its checks to its outcome.

mod admission;
mod bulk;
mod deadline;
mod digest;
mod idempotency_key;
mod outcome;
mod place;
mod request;
mod target;
mod upload;
mod validate;
mod wait;

pub(crate) use bulk::{BulkItem, BulkRequest};
pub(crate) use deadline::Deadline;
pub(crate) use digest::RequestDigest;
pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use outcome::Outcome;
pub(crate) use request::{CommandRequest, Subject};
pub(crate) use upload::{Upload, UploadReport};

use super::access::Caller;
use super::operation::Operation;
use super::{App, Result};
use wait::Pending;

impl App {
    /// Runs a command, or finds the earlier operation of the same request, and waits for its outcome.
    pub(crate) async fn run(&self, caller: &Caller, request: CommandRequest) -> Result<Outcome> {
        let deadline = request.deadline;
        let pending = Pending::from(admission::admit(self, caller, request).await?, self);
        wait::wait(self, deadline, pending).await
    }

    /// Starts a command, or finds the earlier operation of the same request, without waiting for its outcome.
    pub(crate) async fn start(&self, caller: &Caller, request: CommandRequest) -> Result<Operation> {
        let pending = Pending::from(admission::admit(self, caller, request).await?, self);
        let id = pending.id();
        self.store.operation_get(id).await?.ok_or_else(|| super::Error::internal("the operation was purged"))
    }
}
