//! Creation: the first call creates the marked resource, the second sets its tags.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, Result, Status};
use serde_json::Value;

use super::body::CreateBody;
use super::collection::Collection;
use super::{tags, touched};
use crate::actions::action::Action;
use crate::client::Write;
use crate::service::Service;

pub(super) async fn create(action: &Action<'_>) -> Result<Done> {
    let (collection, body) = (Collection::of(action.step.kind)?, CreateBody::of(action.step)?);
    // With tags it takes two calls, and an earlier attempt may have stopped after the first.
    if !body.tags.is_empty()
        && let Some(created) = created_before(action, &collection, &body).await.map_err(Error::untouched)?
    {
        let id = id_of(&created)?;
        let answer = tags::set(action, &collection, id, &body.tags).await.map_err(untagged)?;
        let touched = touched::created_or_deleted(action.step.kind, &created);
        return Ok(Done { touched, answer: None, request_id: answer.request_id });
    }
    let document = serde_json::json!({ collection.key: body.document(action.step.marker) });
    let answer = action.write(Write::post(Service::Network, &[collection.path], document)).await?;
    let (id, created) = (answer.id(Some(collection.key))?, answer.document(Some(collection.key))?);
    if !body.tags.is_empty() {
        tag(action, &collection, &id, &body.tags).await?;
    }
    let touched = touched::created_or_deleted(action.step.kind, &created);
    Ok(Done { touched, answer: None, request_id: answer.request_id })
}

/// Finds the resource of an earlier attempt, and sets its tags if that attempt stopped before.
pub(super) async fn find(action: &Action<'_>) -> Result<Option<Touched>> {
    let Some(found) = action.find_marked(action.step.kind).await? else { return Ok(None) };
    let body = CreateBody::of(action.step)?;
    if body.tags.is_empty() {
        return Ok(Some(found));
    }
    let collection = Collection::of(found.kind)?;
    let Some(created) = collection.read(action, &found.native_key).await? else { return Ok(None) };
    // Tags that it has by now were set by a later change.
    if created["tags"].as_array().is_none_or(Vec::is_empty) {
        tags::set(action, &collection, id_of(&created)?, &body.tags).await?;
    }
    Ok(Some(found))
}

/// Reads the resource of an earlier attempt, by its description, which contains the marker.
async fn created_before(
    action: &Action<'_>,
    collection: &Collection,
    body: &CreateBody<'_>,
) -> Result<Option<Value>> {
    let description = body.description(action.step.marker);
    let found = collection.all(action, &[("description", description.as_str())]).await?;
    // An old Neutron may ignore the filter.
    Ok(found.into_iter().find(|document| document["description"] == description))
}

/// Sets the tags of a new resource. If Neutron refuses them, the resource is deleted, and the whole step is refused.
async fn tag(action: &Action<'_>, collection: &Collection, id: &str, tags: &[&str]) -> Result<()> {
    let Err(error) = tags::set(action, collection, id, tags).await else { return Ok(()) };
    let is_refused = error.changed_nothing() && error.status() == Status::Permanent;
    if is_refused && action.write(Write::delete(Service::Network, &[collection.path, id])).await.is_ok() {
        return Err(error);
    }
    Err(untagged(error))
}

/// Returns the error of a resource that exists without its tags; [`find`] completes it.
fn untagged(error: Error) -> Error {
    let message = format!("the resource was created, but its tags could not be set: {error}");
    let untagged = Error::unavailable(message).with_status(Status::Persistent);
    let untagged = match error.cloud() {
        Some(words) => untagged.with_cloud(words.clone()),
        None => untagged,
    };
    untagged.with_source(error)
}

fn id_of(document: &Value) -> Result<&str> {
    document["id"].as_str().ok_or_else(|| Error::internal("a document has no `id`"))
}
