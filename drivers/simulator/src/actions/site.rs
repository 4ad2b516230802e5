//! The site of an action: client, region and step, and the calls that all kinds share.

use driver_kit::{Method, Response};
use gateway_core::driver::{Done, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::Update;
use gateway_core::marker::MARKER_KEY;
use gateway_core::{Kind, Result};
use serde_json::{Map, Value};

use super::body::cloud_options;
use crate::client::Client;
use crate::error::{REQUEST_ID, wrong_document};

/// Client, region and step of one action.
pub(crate) struct Site<'a> {
    pub(crate) client: &'a Client,
    pub(crate) region: &'a Region,
    pub(crate) step: &'a Step<'a>,
}

impl Site<'_> {
    pub(crate) fn collection(&self, kind: Kind) -> Vec<&str> {
        vec!["v1", self.region.as_str(), kind.spec().plural]
    }

    /// Sends a write to a resource or to the collection of a kind.
    pub(crate) async fn send(
        &self,
        method: Method,
        kind: Kind,
        rest: &[&str],
        body: Option<&Value>,
    ) -> Result<Response> {
        let mut path = self.collection(kind);
        path.extend(rest);
        self.client.write(method, &path, body).await
    }

    /// Returns the cloud's own id of the target.
    pub(crate) fn target(&self) -> Result<&str> {
        Ok(&self.step.target()?.external_id)
    }

    /// Sends a create with the members of the gateway and the cloud options of the command. Returns the new document
    /// and the request id.
    pub(crate) async fn post(&self, mut members: Map<String, Value>) -> Result<(Value, Option<String>)> {
        members.extend(cloud_options(self.step.command).cloned().unwrap_or_default());
        let response = self.send(Method::POST, self.step.kind, &[], Some(&Value::Object(members))).await?;
        Ok((response.json()?, request_id(&response)))
    }

    /// Creates a resource that touches no other.
    pub(crate) async fn create(&self, members: Map<String, Value>) -> Result<Done> {
        let (created, request_id) = self.post(members).await?;
        let touched = vec![Touched::new(self.step.kind, id_of(&created)?)];
        Ok(Done { touched, answer: None, request_id })
    }

    /// Updates the metadata of the target.
    pub(crate) async fn update(&self, update: &Update) -> Result<Done> {
        let body = self.metadata(update).await?;
        self.change(body).await
    }

    /// Sends an update of the target.
    pub(crate) async fn change(&self, body: Map<String, Value>) -> Result<Done> {
        let body = Value::Object(body);
        let response = self.send(Method::PATCH, self.step.kind, &[self.target()?], Some(&body)).await?;
        self.done(&response)
    }

    /// Returns the members of an update of metadata.
    pub(crate) async fn metadata(&self, update: &Update) -> Result<Map<String, Value>> {
        let id = self.target()?;
        let mut body = Map::new();
        let texts = [("name", &update.name), ("description", &update.description)];
        for (member, text) in texts {
            body.extend(text.as_ref().map(|text| (member.to_owned(), Value::from(text.as_str()))));
        }
        if let Some(tags) = &update.tags {
            // An update replaces all labels, so it must include the marker.
            let mut labels = tags.clone();
            labels.extend(self.current_marker(id).await?);
            body.insert("labels".to_owned(), labels.into_iter().collect());
        }
        Ok(body)
    }

    /// Returns the label with the marker of the target.
    async fn current_marker(&self, id: &str) -> Result<Option<(String, String)>> {
        let mut path = self.collection(self.step.kind);
        path.push(id);
        let document: Value = self.client.get(&path, &[]).await?.json()?;
        let marker = document["labels"][MARKER_KEY].as_str();
        Ok(marker.map(|marker| (MARKER_KEY.to_owned(), marker.to_owned())))
    }

    /// Deletes the target.
    pub(crate) async fn delete(&self) -> Result<Done> {
        let response = self.send(Method::DELETE, self.step.kind, &[self.target()?], None).await?;
        self.done(&response)
    }

    /// Sends a command of the target.
    pub(crate) async fn command(&self, word: &str, parameters: &Value) -> Result<Response> {
        self.send(Method::POST, self.step.kind, &[self.target()?, word], Some(parameters)).await
    }

    /// Returns the result of a command that touched the target alone.
    pub(crate) fn done(&self, response: &Response) -> Result<Done> {
        let target = self.step.target()?;
        let touched = vec![Touched::new(target.kind, target.native_key.as_str())];
        Ok(Done { touched, answer: None, request_id: request_id(response) })
    }
}

/// Returns the cloud's own id of a request.
pub(crate) fn request_id(response: &Response) -> Option<String> {
    response.header(&REQUEST_ID).map(str::to_owned)
}

/// Returns the id of a created resource. Without one the answer does not prove what was done.
pub(crate) fn id_of(document: &Value) -> Result<String> {
    let id =
        document["id"].as_str().ok_or_else(|| wrong_document("the created resource has no id".to_owned()))?;
    Ok(id.to_owned())
}
