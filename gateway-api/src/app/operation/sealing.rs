//! Sealing: the commands and upload tickets of operations, readable by this gateway alone.

use gateway_core::access::keyring::Purpose;
use gateway_core::access::seal;
use gateway_core::error::{Error, Result};
use gateway_core::id::OperationId;
use gateway_store::{Operation, OperationLease};
use serde_json::Value;

use super::Operations;

impl Operations {
    /// Seals the body of a command for the journal, bound to its operation.
    pub(crate) fn seal(&self, id: OperationId, body: &Value) -> Result<String> {
        let text = zeroize::Zeroizing::new(body.to_string());
        let keyring = self.keyring.get();
        seal::seal(&keyring, Purpose::Credential, self.clock.now(), &command_context(id), text.as_bytes())
    }

    /// Opens the body of the command of an operation.
    pub(super) fn unseal(&self, operation: &Operation) -> Result<Value> {
        let context = command_context(operation.id);
        let plain = seal::open(&self.keyring.get(), Purpose::Credential, &context, &operation.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Error::internal("a sealed command is not JSON"))
    }

    /// Returns the ticket of an upload: proof that a report belongs to this upload and lease.
    pub(crate) fn ticket(&self, held: OperationLease) -> Result<String> {
        let context = ticket_context(held.operation);
        let epoch = held.epoch.to_string();
        seal::seal(&self.keyring.get(), Purpose::Bus, self.clock.now(), &context, epoch.as_bytes())
    }

    /// Returns the lease to which a ticket belongs.
    ///
    /// # Errors
    /// Invalid, for the ticket of another upload.
    pub(crate) fn held_by(&self, operation: OperationId, ticket: &str) -> Result<OperationLease> {
        let plain = seal::open(&self.keyring.get(), Purpose::Bus, &ticket_context(operation), ticket)?;
        let epoch = std::str::from_utf8(&plain).ok().and_then(|text| text.parse().ok());
        let epoch = epoch.ok_or_else(|| Error::internal("a ticket has no lease epoch"))?;
        Ok(OperationLease { operation, epoch })
    }
}

fn command_context(id: OperationId) -> String {
    format!("operation|{id}")
}

fn ticket_context(id: OperationId) -> String {
    format!("upload|{id}")
}
