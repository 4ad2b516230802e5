//! Admission: a request finds its earlier operation, or is validated and becomes a new one.

use gateway_core::id::OperationId;
use gateway_core::shares::{CallKey, Slot};
use gateway_store::{NewOperation, Operation, OperationLease, OperationStart};

use super::digest::RequestDigest;
use super::idempotency_key::IdempotencyKey;
use super::place::place;
use super::request::{CommandRequest, Subject};
use super::target::Target;
use super::validate::{Validation, expect_bounded};
use crate::app::access::Caller;
use crate::app::{App, Error, Result};

/// The operation of an admitted request.
pub(super) enum Admission {
    /// A new operation, whose lease this process holds, and the slot of the request that waits for it.
    New(Box<Operation>, OperationLease, Slot<CallKey>),
    /// An operation that an earlier delivery of the request began.
    Known(Box<Operation>),
}

/// Finds the operation of a request, or validates the request and begins its operation.
pub(super) async fn admit(app: &App, caller: &Caller, request: CommandRequest) -> Result<Admission> {
    let principal = caller.claims.sub;
    expect_bounded(request.spec, &request.body)?;
    let CommandRequest { kind, spec, subject, mut body, key, message, digest, deadline } = request;
    let key = key.map(IdempotencyKey::into_text);
    // Before validation, because a command that was done may not be valid any more.
    if let Some(known) = app.store.operation_find(principal, message, key.clone()).await? {
        expect_same(&known, digest)?;
        return Ok(Admission::Known(Box::new(known)));
    }
    if deadline.left(app.clock.now()).is_zero() {
        return Err(Error::DeadlineExceeded);
    }
    let target = match subject {
        Subject::New => place(&caller.authority.visibility, &mut body)?,
        Subject::Resource(id) => Target::of_resource(app, caller, kind, id).await?,
        Subject::Target(target) => *target,
    };
    let slot = app.shares.commands.try_take(&target.call_path()).ok_or(Error::Overloaded)?;
    let id = OperationId::generate();
    let validation = Validation {
        app,
        principal,
        authority: &caller.authority,
        kind,
        spec,
        target: &target,
        body: &body,
        operation: id,
    };
    validation.run().await?;
    let new = NewOperation {
        id,
        principal,
        message,
        key,
        digest: digest.0,
        account: target.account,
        cloud: target.cloud,
        region: target.region,
        kind,
        verb: spec.verb,
        resource: target.resource.map(|resource| resource.id),
        sealed: app.operations.seal(id, &body)?,
    };
    let (owner, lease) = app.operations.lease();
    match app.store.operation_begin(new, owner, lease).await? {
        OperationStart::Existing(known) => {
            expect_same(&known, digest)?;
            Ok(Admission::Known(known))
        }
        OperationStart::New(held) => {
            let operation = app.store.operation_get(id).await?;
            let operation = operation.ok_or_else(|| Error::internal("a new operation is not stored"))?;
            Ok(Admission::New(Box::new(operation), held, slot))
        }
    }
}

/// Refuses a request with the key of another request.
pub(super) fn expect_same(known: &Operation, digest: RequestDigest) -> Result<()> {
    if known.digest == digest.0 { Ok(()) } else { Err(Error::KeyReused { operation: known.id }) }
}
