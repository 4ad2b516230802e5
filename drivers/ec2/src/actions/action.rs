//! An action: one step at one cloud, and the outcome of its calls.

use gateway_core::Result;
use gateway_core::driver::{Done, Known, Step, Touched};
use gateway_core::kind::Canonical;

use crate::client::Client;
use crate::form::Form;
use crate::xml::Element;

/// A step with the client that executes it.
#[derive(Debug)]
pub(crate) struct Action<'a> {
    client: &'a Client,
    region: &'a str,
    pub(crate) step: &'a Step<'a>,
}

impl<'a> Action<'a> {
    /// Creates the action of a step.
    pub(crate) fn new(client: &'a Client, region: &'a str, step: &'a Step<'a>) -> Self {
        Self { client, region, step }
    }

    /// Posts a call that changes something, once.
    ///
    /// # Errors
    /// The cloud's error.
    pub(crate) async fn write(&self, form: Form) -> Result<Element> {
        self.client.write(self.region, form).await
    }

    /// Reads something that the step depends on.
    ///
    /// # Errors
    /// The cloud's error.
    pub(crate) async fn read(&self, form: Form) -> Result<Element> {
        self.client.read(self.region, form).await
    }

    /// Returns the target of the step.
    ///
    /// # Errors
    /// Internal, without a target.
    pub(crate) fn target(&self) -> Result<&'a Known> {
        self.step.target()
    }

    /// Returns the native key of the target.
    ///
    /// # Errors
    /// Internal, without a target.
    pub(crate) fn target_key(&self) -> Result<&'a str> {
        Ok(&self.target()?.native_key)
    }

    /// Returns the target as a touched resource.
    ///
    /// # Errors
    /// Internal, without a target.
    pub(crate) fn touched_target(&self) -> Result<Touched> {
        Ok(Touched::new(self.step.kind, self.target_key()?))
    }

    /// Posts a call that changes the target and nothing else.
    ///
    /// # Errors
    /// The cloud's error.
    pub(crate) async fn write_target(&self, form: Form) -> Result<Done> {
        Ok(done(&self.write(form).await?, vec![self.touched_target()?]))
    }
}

/// Returns a touched resource of a kind.
pub(crate) fn touched<T: Canonical>(key: impl Into<String>) -> Touched {
    Touched::new(T::KIND, key)
}

/// Returns the outcome of a step, with the request id of its defining answer.
pub(crate) fn done(answer: &Element, touched: Vec<Touched>) -> Done {
    Done { touched, answer: None, request_id: answer.owned_at(&["requestId"]) }
}
