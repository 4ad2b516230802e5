//! What clients make, change and remove.

mod address;
mod guard;
pub(super) mod image;
pub(super) mod instance;
mod interface;
mod key;
pub(super) mod network;
pub(super) mod volume;
mod words;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use gateway_core::Timestamp;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
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
    words.name_of_new(place.sort)?;
    cloud.with_world(|world, now| {
        let mut private = None;
        let (status, body) = match place.sort {
            Sort::Instance => instance::first_form(world, place, form(wanted)?, now)?,
            Sort::Volume => volume::first_form(world, place, form(wanted)?)?,
            Sort::VolumeSnapshot => volume::snapshot(world, place, form(wanted)?)?,
            Sort::Image => image::first_form(form(wanted)?)?,
            Sort::Network => network::network(world, place, form(wanted)?)?,
            Sort::Subnet => network::subnet(world, place, form(wanted)?)?,
            Sort::Router => network::router(world, place, form(wanted)?)?,
            Sort::NetworkInterface => interface::first_form(world, place, form(wanted)?)?,
            Sort::IpAddress => address::first_form(world, place, form(wanted)?)?,
            Sort::IpAddressBinding => {
                let number = address::bind(world, place, form(wanted)?, now)?;
                return Ok(accepted(&cloud, world, place, number));
            }
            Sort::SecurityGroup => guard::group(world, place, form(wanted)?)?,
            Sort::SecurityGroupRule => guard::rule(world, place, form(wanted)?)?,
            Sort::SshKey => {
                let (body, made) = key::first_form(world, place, &words.name, form(wanted)?)?;
                private = made;
                (Status::Kept, body)
            }
            _ => return Err(not_by_clients(place.sort)),
        };
        let number = make(world, place, words, status, body, now)?;
        instance::settle_in(world, place, number, now);
        match private {
            Some(private) => Ok(with_private(&cloud, world, place, number, private)),
            None => Ok(accepted(&cloud, world, place, number)),
        }
    })
}

/// What more than words may be written anew.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Anew {
    /// Of an interface.
    firewalls: Option<Vec<String>>,
    /// Of a quota.
    #[serde(default, deserialize_with = "given")]
    most: Option<Option<u64>>,
}

/// Tells null from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
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
    let anew: Anew = form(wanted)?;
    cloud.with_world(|world, now| {
        world.entry(place, number).ok_or_else(Refusal::no_resource)?;
        match place.sort {
            Sort::NetworkInterface => world.stand_plug(place, number),
            Sort::IpAddress => world.stand_address(place, number),
            _ => {}
        }
        match (place.sort, anew) {
            (Sort::Quota, Anew { firewalls: None, most: Some(most) }) if words.is_empty() => {
                world.limit(place, number, most)?;
            }
            (Sort::NetworkInterface, Anew { firewalls: Some(ids), most: None }) => {
                interface::set_firewalls(world, place, number, ids, now)?;
            }
            (sort, Anew { firewalls: None, most: None }) if sort.has_words() => {}
            (sort, _) => return Err(Refusal::invalid(format!("that of {} stays", sort.plural()))),
        }
        let record = world.shelf_mut(place).get_mut(number).ok_or_else(Refusal::no_resource)?;
        if matches!(record.status, Status::Removing | Status::Removed | Status::Erasing) {
            return Err(refused(record.status));
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
    if !place.sort.is_made_by_clients() {
        return Err(not_by_clients(place.sort));
    }
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_world(|world, now| {
        world.entry(place, number).ok_or_else(Refusal::no_resource)?;
        match place.sort {
            Sort::NetworkInterface => world.stand_plug(place, number),
            Sort::IpAddress | Sort::IpAddressBinding => world.stand_address(place, number),
            _ => {}
        }
        let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
        if matches!(record.status, Status::Removing | Status::Removed | Status::Erasing) {
            // It is going already, which is what was asked for.
            return Ok(accepted(&cloud, world, place, number));
        }
        removable(world, place, number, record)?;
        match place.sort {
            Sort::Instance => world.change(place, number, Status::Removing, now),
            Sort::Volume | Sort::VolumeSnapshot | Sort::Image => {
                world.change(place, number, Status::Erasing, now);
            }
            Sort::IpAddressBinding => world.release(place, number, now),
            Sort::SecurityGroup => {
                for rule in guard::rules_of(world, place, number) {
                    world.remove(Place { sort: Sort::SecurityGroupRule, ..place }, rule, now);
                }
                world.remove(place, number, now);
            }
            _ => world.remove(place, number, now),
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
        (Body::Instance(_), status) => {
            Order::Remove.from(status).ok_or_else(|| refused(status))?;
            instance::unlocked(record)
        }
        (Body::Volume(_) | Body::VolumeSnapshot(_) | Body::Image(_), status) => match status {
            Status::Free | Status::Whole | Status::Failed => Ok(()),
            Status::Empty | Status::Ready | Status::Uploading => Ok(()),
            _ => Err(refused(status)),
        },
        (body @ (Body::Network(_) | Body::Subnet(_) | Body::Router { .. }), _) => {
            network::removable(world, place, number, body)
        }
        (body @ (Body::Plug(_) | Body::RouterPlug { .. }), _) => {
            interface::removable(world, place, number, body)
        }
        (Body::Address { leads_to: Some(_), .. }, _) => Err(Refusal::in_use("the address leads somewhere")),
        (Body::SecurityGroup { usual, .. }, _) => guard::removable(world, place, number, *usual),
        _ => Ok(()),
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

/// The same with what is told this once.
fn with_private(cloud: &Cloud, world: &World, place: Place, number: u64, private: String) -> Response {
    let entry = world.entry(place, number);
    let document = entry.map(|entry| world.document(place, number, entry, &cloud.accounts));
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["private"] = Value::String(private);
    json_answer(StatusCode::ACCEPTED, &document)
}

/// Puts something onto its shelf, with its owner's words.
pub(super) fn make(
    world: &mut World,
    place: Place,
    words: Words,
    status: Status,
    body: Body,
    now: Timestamp,
) -> Result<u64, Refusal> {
    let name = words.name_of_new(place.sort)?;
    let mut record = Record::new(name, status, now, body);
    words.write(&mut record)?;
    Ok(world.create(place, record))
}
