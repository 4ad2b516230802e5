//! Uploads: a front streams the content to the cloud and reports how far it is.

use std::time::Duration;

use gateway_core::driver::Forward;
use gateway_core::error::ErrorKind;
use gateway_core::id::OperationId;
use gateway_store::Operation;

use super::admission::{Admission, admit};
use super::deadline::Deadline;
use super::outcome::Outcome;
use super::request::CommandRequest;
use super::wait::{Pending, wait};
use crate::app::access::Caller;
use crate::app::operation::UploadEnd;
use crate::app::{App, Error, Result};

/// The begin of an upload.
pub(crate) enum Upload {
    /// The front is to stream the content.
    Forward {
        operation: Box<Operation>,
        forward: Box<Forward>,
        /// Proof that a report comes from the front that was told to stream.
        ticket: String,
        /// Time between two reports of the front.
        report_every: Duration,
    },
    /// The operation is over already.
    Over(Outcome),
}

/// The report of a front.
pub(crate) struct UploadReport {
    pub(crate) operation: OperationId,
    pub(crate) ticket: String,
    /// Bytes that were streamed so far.
    pub(crate) bytes: u64,
    /// The end of the stream; none while it goes on.
    pub(crate) end: Option<UploadEnd>,
    pub(crate) deadline: Deadline,
}

impl App {
    /// Begins an upload, or finds the earlier operation of the same request.
    pub(crate) async fn begin_upload(&self, caller: &Caller, request: CommandRequest) -> Result<Upload> {
        let deadline = request.deadline;
        let (operation, held, _slot) = match admit(self, caller, request).await? {
            // The slot is held while the cloud is asked where the content goes.
            Admission::New(operation, held, slot) => (operation, held, slot),
            known => return wait(self, deadline, Pending::from(known, self)).await.map(Upload::Over),
        };
        if let Some(forward) = self.operations.begin_upload(&operation, held).await? {
            let (ticket, report_every) = (self.operations.ticket(held)?, self.operations.report_every());
            let operation = self.operation(operation.id).await?;
            return Ok(Upload::Forward { operation, forward: Box::new(forward), ticket, report_every });
        }
        Outcome::of(self.operation(operation.id).await?, None).map(Upload::Over)
    }

    /// Takes the report of a front. The ticket stands for the caller, whose token may have expired meanwhile. Returns
    /// the outcome if the upload has ended.
    pub(crate) async fn report_upload(&self, report: UploadReport) -> Result<Option<Outcome>> {
        let UploadReport { operation: id, ticket, bytes, end, deadline } = report;
        let held = self.operations.held_by(id, &ticket).map_err(|_| Error::UnknownUpload)?;
        let Some(end) = end else {
            return match self.operations.continue_upload(held).await {
                Ok(()) => Ok(None),
                Err(error) if error.kind() == ErrorKind::LeaseLost => Err(Error::UploadAbandoned),
                Err(error) => Err(error.into()),
            };
        };
        tracing::debug!(operation = %id, bytes, "upload ended");
        let operation = self.store.operation_get(id).await?.ok_or(Error::UnknownUpload)?;
        let pending = match operation.is_over() {
            true => Pending::Known(Box::new(operation)),
            false => {
                Pending::Running { id, task: self.operations.end_upload(operation, held, end), slot: None }
            }
        };
        wait(self, deadline, pending).await.map(Some)
    }

    async fn operation(&self, id: OperationId) -> Result<Box<Operation>> {
        let operation = self.store.operation_get(id).await?;
        operation.map(Box::new).ok_or_else(|| Error::internal("an operation in progress is not stored"))
    }
}
