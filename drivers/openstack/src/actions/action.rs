//! A step of a command, with the calls that it may make.

use driver_kit::find_marked;
use gateway_core::driver::{Done, Known, Session, Step, Touched};
use gateway_core::error::{Error, Result};
use gateway_core::id::ResourceId;
use gateway_core::kind::Kind;

use crate::client::{Answer, Write};
use crate::listing::ScopeClient;

/// A step of a command.
#[derive(Clone, Copy)]
pub(crate) struct Action<'a> {
    pub(crate) scope: ScopeClient<'a>,
    /// The session, to find what an earlier attempt created.
    pub(crate) session: &'a dyn Session,
    pub(crate) step: &'a Step<'a>,
}

impl<'a> Action<'a> {
    /// Sends a write once.
    pub(crate) async fn write(&self, write: Write<'_>) -> Result<Answer> {
        self.scope.write(write).await
    }

    /// Returns a resource that the command names.
    pub(crate) fn named(&self, id: ResourceId) -> Result<&'a Known> {
        self.step.named.get(id)
    }

    /// Returns the service's id of a resource that the command names.
    pub(crate) fn id(&self, id: ResourceId) -> Result<&'a str> {
        Ok(&self.named(id)?.external_id)
    }

    /// Returns the service's id of the target.
    pub(crate) fn target_id(&self) -> Result<&'a str> {
        Ok(&self.step.target()?.external_id)
    }

    /// Returns the outcome of a step that changed its target only.
    pub(crate) fn done(&self, request_id: Option<String>) -> Result<Done> {
        let target = self.step.target()?;
        let touched = vec![Touched::new(target.kind, &target.native_key)];
        Ok(Done { touched, answer: None, request_id })
    }

    /// Returns the outcome of a refused step whose effect is already there.
    pub(crate) fn already_done(&self, refusal: &Error) -> Result<Done> {
        self.done(refusal.cloud().and_then(|words| words.request_id.clone()))
    }

    /// Returns the outcome of a step that created one resource, with the id below `key` in the answer.
    pub(crate) fn created(&self, kind: Kind, key: Option<&str>, answer: Answer) -> Result<Done> {
        let touched = vec![Touched::new(kind, answer.id(key)?)];
        Ok(Done { touched, answer: None, request_id: answer.request_id })
    }

    /// Finds the resource with the step's marker.
    pub(crate) async fn find_marked(&self, kind: Kind) -> Result<Option<Touched>> {
        find_marked(self.session, self.scope.region, kind, self.step.marker).await
    }

    /// Finds the one resource that the step can have created, by its native key.
    pub(crate) async fn find_by_key(&self, kind: Kind, native_key: String) -> Result<Option<Touched>> {
        let found = self.session.get(self.scope.region, kind, &native_key).await?;
        Ok(found.map(|_| Touched::new(kind, native_key)))
    }
}
