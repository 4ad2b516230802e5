//! What clients make, change and remove.

pub(super) mod image;
pub(super) mod instance;
pub(super) mod volume;
mod words;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use gateway_core::Timestamp;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::{Refusal, json_answer};
use super::body::{Body, Record};
use super::lifecycle::{Order, Status};
use super::read::Account;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::state::Cloud;
use super::world::World;
use words::NewWords;
pub(super) use words::Words;

/// The body of a request that makes or changes something.
type Wanted = Json<Map<String, Value>>;

pub(super) async fn create(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection)): Path<(String, String)>,
    Json(mut wanted): Wanted,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    let words = Words::take(&mut wanted)?;
    cloud.with_world(|world, now| {
        let (status, body) = match place.sort {
            Sort::Instance => instance::first_form(world, place, form(wanted)?, now)?,
            Sort::Volume => volume::first_form(world, place, form(wanted)?)?,
            Sort::VolumeSnapshot => volume::snapshot(world, place, form(wanted)?)?,
            Sort::Image => image::first_form(form(wanted)?)?,
            _ => return Err(not_by_clients(place.sort)),
        };
        let mut record = Record::new(words.name_of_new()?, status, now, body);
        words.write(&mut record)?;
        let number = world.create(place, record);
        instance::settle_in(world, place, number, now);
        Ok(accepted(&cloud, world, place, number))
    })
}

/// Changes what the owner writes about something.
pub(super) async fn change(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
    Json(mut wanted): Wanted,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    let words = NewWords::take(&mut wanted)?;
    cloud.with_world(|world, now| {
        let record = world.shelf_mut(place).get_mut(number).ok_or_else(Refusal::no_resource)?;
        if matches!(record.status, Status::Removing | Status::Removed | Status::Erasing) {
            return Err(refused(record.status));
        }
        if let Some(other) = wanted.keys().next() {
            return Err(Refusal::invalid(format!("{other} cannot be changed")));
        }
        words.write(record)?;
        record.changed = now;
        Ok(accepted(&cloud, world, place, number))
    })
}

pub(super) async fn remove(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_world(|world, now| {
        let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
        match place.sort {
            Sort::Instance => {
                let next = Order::Remove.from(record.status).ok_or_else(|| refused(record.status))?;
                instance::unlocked(record)?;
                world.change(place, number, next, now);
            }
            Sort::Volume | Sort::VolumeSnapshot | Sort::Image => {
                removable(world, place, number, record)?;
                world.change(place, number, Status::Erasing, now);
            }
            _ => return Err(not_by_clients(place.sort)),
        }
        Ok(accepted(&cloud, world, place, number))
    })
}

/// Volumes are held by instances, images by what was made of them; nothing goes while it is being made.
fn removable(world: &World, place: Place, number: u64, record: &Record) -> Result<(), Refusal> {
    match (&record.body, record.status) {
        (Body::Volume(_), Status::Attached) => Err(Refusal::in_use("a machine has the disk")),
        (Body::Image(image), _) if image.locked => Err(Refusal::conflict("the image is locked")),
        (Body::Image(_), _) if image::is_needed(world, place, number) => {
            Err(Refusal::in_use("a machine or disk was made of the image"))
        }
        (_, Status::Free | Status::Whole | Status::Ready | Status::Uploading | Status::Failed) => Ok(()),
        (_, status) => Err(refused(status)),
    }
}

fn not_by_clients(sort: Sort) -> Refusal {
    Refusal::invalid(format!("{} are made and removed by the cloud alone", sort.plural()))
}

/// Reads what is of one sort alone.
pub(super) fn form<T: DeserializeOwned>(wanted: Map<String, Value>) -> Result<T, Refusal> {
    T::deserialize(Value::Object(wanted)).map_err(|error| Refusal::invalid(error.to_string()))
}

/// The number of a resource of the account that a body names.
pub(super) fn own(world: &World, place: Place, sort: Sort, id: &str) -> Result<u64, Refusal> {
    let number = sort.number(id).filter(|number| world.entry(Place { sort, ..place }, *number).is_some());
    number.ok_or_else(|| Refusal::unknown(sort.word(), id))
}

/// The same of what may be the cloud's as well.
pub(super) fn usable(world: &World, place: Place, sort: Sort, id: &str) -> Result<u64, Refusal> {
    let published = Place { owner: Owner::Everybody, sort, ..place };
    own(world, published, sort, id).or_else(|_| own(world, place, sort, id))
}

/// Checks the name of a datacenter.
fn zone(world: &World, place: Place, wanted: Option<String>) -> Result<Option<String>, Refusal> {
    match wanted {
        Some(zone) if !world.zones(place).contains(&zone) => Err(Refusal::unknown("datacenter", &zone)),
        wanted => Ok(wanted),
    }
}

pub(super) fn refused(status: Status) -> Refusal {
    Refusal::conflict(format!("not in status {}", status.word()))
}

/// What a request did, as it is now.
pub(super) fn accepted(cloud: &Cloud, world: &World, place: Place, number: u64) -> Response {
    match world.entry(place, number) {
        Some(entry) => {
            json_answer(StatusCode::ACCEPTED, &world.document(place, number, entry, &cloud.accounts))
        }
        // With a transit time of zero it may be gone at once.
        None => json_answer(StatusCode::ACCEPTED, &Value::Null),
    }
}

/// Makes something that comes of something else.
pub(super) fn make(
    world: &mut World,
    place: Place,
    words: Words,
    status: Status,
    body: Body,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let mut record = Record::new(words.name_of_new()?, status, now, body);
    words.write(&mut record)?;
    Ok(world.create(place, record))
}
