//! Making one thing: marked by the call that makes it, and then tagged.

use gateway_core::driver::{Done, Touched};
use gateway_core::error::{Error, Result, Status};
use serde_json::Value;

use super::form::Form;
use super::place::Place;
use super::{read, tags, touched};
use crate::act::{Act, find_by_marker};
use crate::catalog::Service;
use crate::connection::Write;
use crate::session::OpenStackSession;

pub(super) async fn make(act: &Act<'_>) -> Result<Done> {
    let (place, form) = (Place::of(act.step.kind)?, Form::of(act.step)?);
    // With tags it takes two calls: a try before this one may have made it and come no further.
    if !form.tags.is_empty()
        && let Some(made) = made_before(act, place, &form).await.map_err(Error::untouched)?
    {
        let answer = tags::set(act, place, id_of(&made)?, &form.tags).await.map_err(half_done)?;
        let touched = touched::made_or_ended(act.step.kind, &made);
        return Ok(Done { touched, answer: None, request_id: answer.request_id });
    }
    let body = serde_json::json!({ place.around: form.document(act.step.marker) });
    let answer = act.write(Write::post(Service::Network, &[place.path], body)).await?;
    let (id, made) = (answer.id(Some(place.around))?, answer.document(Some(place.around))?);
    if !form.tags.is_empty() {
        tag(act, place, &id, &form.tags).await?;
    }
    let touched = touched::made_or_ended(act.step.kind, &made);
    Ok(Done { touched, answer: None, request_id: answer.request_id })
}

/// Finds what an earlier try made, and gives it the tags if that try came no further.
pub(super) async fn find(act: &Act<'_>, session: &OpenStackSession) -> Result<Option<Touched>> {
    let Some(found) = find_by_marker(act, session, act.step.kind).await? else { return Ok(None) };
    let form = Form::of(act.step)?;
    if form.tags.is_empty() {
        return Ok(Some(found));
    }
    let Some(made) = read(act, found.kind, &found.native_key).await? else { return Ok(None) };
    // Others that it has by now are of somebody who came after.
    if made["tags"].as_array().is_none_or(Vec::is_empty) {
        tags::set(act, Place::of(found.kind)?, id_of(&made)?, &form.tags).await?;
    }
    Ok(Some(found))
}

/// What the same step made before, by the description that nothing else has.
async fn made_before(act: &Act<'_>, place: &Place, form: &Form<'_>) -> Result<Option<Value>> {
    let description = form.description(act.step.marker);
    let query = [("description", description.as_str())];
    let found = act.asker.every(Service::Network, &[place.path], &query, &place.pages()).await?;
    // An old Neutron may not know the filter, and show all.
    Ok(found.into_iter().find(|made| made["description"] == description))
}

/// Tags what was just made. If Neutron refuses, it is taken back, so that the step is refused as a whole.
async fn tag(act: &Act<'_>, place: &Place, id: &str, tags: &[&str]) -> Result<()> {
    let Err(error) = tags::set(act, place, id, tags).await else { return Ok(()) };
    let is_refused = error.changed_nothing() && error.status() == Status::Permanent;
    if is_refused && act.write(Write::delete(Service::Network, &[place.path, id])).await.is_ok() {
        return Err(error);
    }
    Err(half_done(error))
}

/// What was made is there, whatever became of its tags: [`find`] brings it to its end.
fn half_done(error: Error) -> Error {
    let half = Error::unavailable(format!("it was made, and its tags could not be set: {error}"));
    let half = half.with_status(Status::Persistent);
    let half = match error.cloud() {
        Some(words) => half.with_cloud(words.clone()),
        None => half,
    };
    half.with_source(error)
}

fn id_of(document: &Value) -> Result<&str> {
    document["id"].as_str().ok_or_else(|| Error::internal("a document without id"))
}
