//! Doing: one call to the cloud for each step, in the cloud's words.

mod address;
mod body;
mod find;
mod image;
mod instance;
mod key;
mod network;
mod router;
mod security;
mod volume;

use driver_kit::{Method, Response};
use gateway_core::driver::{Done, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{
    Canonical, Command, FieldError, Image, Instance, IpAddressBinding, NetworkInterface, Quota, Router,
    SshKey, Update, Verb, Volume, VolumeAttachment,
};
use gateway_core::marker::MARKER_KEY;
use gateway_core::{Kind, Result};
use serde_json::{Map, Value};

use super::api::{Api, REQUEST_ID};
use super::document::wrong;
pub(super) use find::find;

/// What is done where.
struct Site<'a> {
    api: &'a Api,
    region: &'a Region,
    step: &'a Step<'a>,
}

/// What is wrong with a step that only this cloud can know.
pub(super) fn faults(step: &Step<'_>) -> Vec<FieldError> {
    body::faults(step)
}

pub(super) async fn act(api: &Api, region: &Region, step: &Step<'_>) -> Result<Done> {
    if super::CAPABILITY.can(step.kind, step.verb).is_none() {
        return Err(step.unsupported());
    }
    let site = Site { api, region, step };
    match (step.kind, step.verb, step.command) {
        (Instance::KIND, Verb::Create, _) => instance::create(&site).await,
        (VolumeAttachment::KIND, ..) => volume::attachment(&site).await,
        (IpAddressBinding::KIND, ..) => address::binding(&site).await,
        (SshKey::KIND, Verb::Create, _) => key::create(&site).await,
        (_, Verb::Create, _) => site.create().await,
        (_, Verb::Update, Command::Update(update)) => site.update(update).await,
        (_, Verb::Delete, _) => site.delete().await,
        (Instance::KIND, ..) => instance::command(&site).await,
        (NetworkInterface::KIND, ..) => network::update_interface(&site).await,
        (Quota::KIND, ..) => address::update_quota(&site).await,
        (Router::KIND, ..) => router::command(&site).await,
        (Image::KIND, ..) => image::share(&site).await,
        (Volume::KIND, ..) => volume::extend(&site).await,
        _ => Err(step.unsupported()),
    }
}

impl Site<'_> {
    fn collection(&self, kind: Kind) -> Vec<&str> {
        vec!["v1", self.region.as_str(), kind.spec().plural]
    }

    /// Sends a write about one resource, or about what belongs to it.
    async fn send(
        &self,
        method: Method,
        kind: Kind,
        rest: &[&str],
        body: Option<&Value>,
    ) -> Result<Response> {
        let mut path = self.collection(kind);
        path.extend(rest);
        self.api.write(method, &path, body).await
    }

    /// The cloud's own id of the target.
    fn target(&self) -> Result<&str> {
        Ok(&self.step.target()?.external_id)
    }

    /// Makes what the step says; the answer is what was made.
    async fn make(&self) -> Result<(Value, Option<String>)> {
        let body = Value::Object(body::of_create(self.step)?);
        let response = self.send(Method::POST, self.step.kind, &[], Some(&body)).await?;
        Ok((response.json()?, request_id(&response)))
    }

    async fn create(&self) -> Result<Done> {
        let (made, request_id) = self.make().await?;
        let touched = vec![Touched::new(self.step.kind, id_of(&made)?)];
        Ok(Done { touched, answer: None, request_id })
    }

    async fn update(&self, update: &Update) -> Result<Done> {
        let body = self.words(update).await?;
        self.change(body).await
    }

    /// Changes the target.
    async fn change(&self, body: Map<String, Value>) -> Result<Done> {
        let body = Value::Object(body);
        let response = self.send(Method::PATCH, self.step.kind, &[self.target()?], Some(&body)).await?;
        self.done(&response)
    }

    /// What is written anew of the target.
    async fn words(&self, update: &Update) -> Result<Map<String, Value>> {
        let id = self.target()?;
        let mut body = Map::new();
        let words = [("name", &update.name), ("about", &update.description)];
        for (word, text) in words {
            body.extend(text.as_ref().map(|text| (word.to_owned(), Value::from(text.as_str()))));
        }
        if let Some(tags) = &update.tags {
            // The cloud takes all labels together: the marker goes along.
            let mut labels = tags.clone();
            labels.extend(self.kept_marker(id).await?);
            body.insert("labels".to_owned(), labels.into_iter().collect());
        }
        Ok(body)
    }

    async fn kept_marker(&self, id: &str) -> Result<Option<(String, String)>> {
        let mut path = self.collection(self.step.kind);
        path.push(id);
        let document: Value = self.api.get(&path, &[]).await?.json()?;
        let marker = document["labels"][MARKER_KEY].as_str();
        Ok(marker.map(|marker| (MARKER_KEY.to_owned(), marker.to_owned())))
    }

    async fn delete(&self) -> Result<Done> {
        let response = self.send(Method::DELETE, self.step.kind, &[self.target()?], None).await?;
        self.done(&response)
    }

    /// Orders something of the target.
    async fn command(&self, word: &str, parameters: &Value) -> Result<Response> {
        self.send(Method::POST, self.step.kind, &[self.target()?, word], Some(parameters)).await
    }

    /// What was done to the target alone.
    fn done(&self, response: &Response) -> Result<Done> {
        let target = self.step.target()?;
        let touched = vec![Touched::new(target.kind, target.native_key.as_str())];
        Ok(Done { touched, answer: None, request_id: request_id(response) })
    }
}

fn request_id(response: &Response) -> Option<String> {
    response.header(&REQUEST_ID).map(str::to_owned)
}

/// The id of what was made: an answer without one says nothing of what was done.
fn id_of(document: &Value) -> Result<String> {
    let id = document["id"].as_str().ok_or_else(|| wrong("what was made has no id".to_owned()))?;
    Ok(id.to_owned())
}
