//! What the driver changes at EC2: one file per family, each with its forms and what cannot be ordered.

mod address;
mod attachment;
mod cloud_options;
mod faults;
mod image;
mod instance;
mod instance_form;
mod interface;
mod key;
mod network;
mod place;
mod router;
mod router_gateway;
mod rule;
mod security;
mod tagging;
mod trace;
mod verbs;
mod volume;

#[cfg(test)]
mod form_test;

use gateway_core::Result;
use gateway_core::driver::{Done, Known, Step, Touched};
use gateway_core::id::ResourceId;
use gateway_core::kind::{Canonical, FieldError};
use serde_json::{Map, Value};

use crate::api::Api;
use crate::form::Form;
use crate::xml::Element;

pub(crate) use tagging::take_marker;
pub(crate) use trace::find;
pub(crate) use verbs::VERBS;

/// What a step is done with.
#[derive(Debug)]
pub(crate) struct Act<'a> {
    api: &'a Api,
    region: &'a str,
    step: &'a Step<'a>,
}

impl<'a> Act<'a> {
    pub(crate) fn new(api: &'a Api, region: &'a str, step: &'a Step<'a>) -> Self {
        Self { api, region, step }
    }

    /// Does the step.
    ///
    /// # Errors
    /// What the cloud answered.
    pub(crate) async fn run(&self) -> Result<Done> {
        match self.step.kind.as_str() {
            "instance" => instance::act(self).await,
            "volume" | "volume_snapshot" => volume::act(self).await,
            "volume_attachment" => attachment::act(self).await,
            "image" => image::act(self).await,
            "network" | "subnet" => network::act(self).await,
            "network_interface" => interface::act(self).await,
            "router" => router::act(self).await,
            "ip_address" | "ip_address_binding" => address::act(self).await,
            "security_group" => security::act(self).await,
            "security_group_rule" => rule::act(self).await,
            "ssh_key" => key::act(self).await,
            _ => Err(self.step.unsupported()),
        }
    }

    /// Posts what changes something, once.
    async fn write(&self, form: Form) -> Result<Element> {
        self.api.write(self.region, form).await
    }

    /// Reads what the step depends on.
    async fn read(&self, form: Form) -> Result<Element> {
        self.api.ec2(self.region, form).await
    }

    /// What the step is done to.
    fn target(&self) -> Result<&'a Known> {
        self.step.target()
    }

    /// The native key of what the step is done to.
    fn target_key(&self) -> Result<&'a str> {
        Ok(&self.step.target()?.native_key)
    }
}

/// What is wrong with a step, before anybody is asked.
pub(crate) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    let faults = match step.kind.as_str() {
        "instance" => instance::faults(step),
        "volume" | "volume_snapshot" => volume::faults(step),
        "image" => image::faults(step),
        "network" | "subnet" => network::faults(step),
        "network_interface" => interface::faults(step),
        "router" => router::faults(step),
        "ip_address" | "ip_address_binding" => address::faults(step),
        "security_group" => security::faults(step),
        "security_group_rule" => rule::faults(step),
        "ssh_key" => key::faults(step),
        _ => faults::Faults::default(),
    };
    faults.into_list()
}

/// The cloud's key of what an order names.
fn key_of<'a>(step: &Step<'a>, id: ResourceId) -> Result<&'a str> {
    Ok(&step.named.get(id)?.native_key)
}

/// The cloud's keys of what an order names in a list.
fn keys_of<'a>(step: &Step<'a>, ids: &[ResourceId]) -> Result<Vec<&'a str>> {
    ids.iter().map(|id| key_of(step, *id)).collect()
}

fn touched<T: Canonical>(key: impl Into<String>) -> Touched {
    Touched::new(T::KIND, key)
}

/// The resource that a step is done to.
fn touched_target(act: &Act<'_>) -> Result<Touched> {
    Ok(Touched::new(act.step.kind, act.target_key()?))
}

/// The end of a step whose defining answer this is.
fn done(answer: &Element, touched: Vec<Touched>) -> Done {
    Done { touched, answer: None, request_id: answer.owned_at(&["requestId"]) }
}

/// The cloud's id in a reference of a document.
fn reference<'a>(document: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    external_id(document.get(field)?)
}

/// The cloud's ids in a list of references.
fn references<'a>(document: &'a Map<String, Value>, field: &str) -> Vec<&'a str> {
    let list = document.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(external_id).collect()
}

fn external_id(reference: &Value) -> Option<&str> {
    reference.get("external_id")?.as_str()
}
