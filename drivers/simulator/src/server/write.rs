//! What the cloud's own clients make and remove: instances, volumes, snapshots and images.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::answer::{Refusal, json_answer};
use super::body::{Body, Image, Instance, Record, Volume, VolumeSnapshot};
use super::lifecycle::{Order, Status};
use super::published::Class;
use super::read::Account;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::state::Cloud;
use super::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Of an instance: any published type and image when not given.
    #[serde(rename = "type")]
    instance_type: Option<String>,
    image: Option<String>,
    /// Of a volume.
    size_gb: Option<u64>,
    /// What a volume is filled from.
    snapshot: Option<String>,
    /// What a snapshot is made of.
    volume: Option<String>,
}

pub(super) async fn create(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection)): Path<(String, String)>,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    cloud.with_world(|world, now| {
        let (status, body) = first_form(world, place, &wanted)?;
        let mut record = Record::new(wanted.name, status, now, body);
        record.labels = wanted.labels;
        let number = world.create(place, record);
        Ok(accepted(&cloud, world, place, number))
    })
}

fn first_form(world: &mut World, place: Place, wanted: &Wanted) -> Result<(Status, Body), Refusal> {
    match place.sort {
        Sort::Instance => {
            let instance_type = published(world, place, Sort::InstanceType, wanted.instance_type.as_deref())?;
            let image = published(world, place, Sort::Image, wanted.image.as_deref())?;
            let inside = world.inside_address(place);
            let body =
                Instance { instance_type, image, inside, outside: None, disks: Vec::new(), booted: None };
            Ok((Status::Booting, Body::Instance(body)))
        }
        Sort::Volume => {
            let gigabytes = wanted.size_gb.unwrap_or(10);
            let snapshot = wanted.snapshot.as_deref();
            let copy_of = snapshot.map(|id| own(world, place, Sort::VolumeSnapshot, id)).transpose()?;
            Ok((Status::Forming, Body::Volume(Volume { gigabytes, attached_to: None, copy_of })))
        }
        Sort::VolumeSnapshot => {
            let id = wanted.volume.as_deref().ok_or_else(|| Refusal::invalid("a snapshot needs a volume"))?;
            let of = own(world, place, Sort::Volume, id)?;
            let gigabytes = match world.shelf(Place { sort: Sort::Volume, ..place }).get(of) {
                Some(Record { body: Body::Volume(volume), .. }) => volume.gigabytes,
                _ => return Err(Refusal::no_resource()),
            };
            let sealed = Class::of_volume(of).sealed;
            let body = VolumeSnapshot { of: Some(of), gigabytes, sealed };
            Ok((Status::Copying, Body::VolumeSnapshot(body)))
        }
        Sort::Image => Ok((Status::Uploading, Body::Image(Image { bytes: 1 << 30, system: "debian" }))),
        _ => Err(not_by_clients(place.sort)),
    }
}

fn not_by_clients(sort: Sort) -> Refusal {
    Refusal::invalid(format!("{} are made and removed by the cloud alone", sort.plural()))
}

/// The number of a resource of the account.
fn own(world: &World, place: Place, sort: Sort, id: &str) -> Result<u64, Refusal> {
    let shelf = world.shelf(Place { sort, ..place });
    let number = sort.number(id).filter(|number| shelf.contains(*number));
    number.ok_or_else(|| Refusal::invalid(format!("there is no {} {id:?}", sort.word())))
}

fn published(world: &World, place: Place, sort: Sort, id: Option<&str>) -> Result<u64, Refusal> {
    let shelf = world.shelf(Place { owner: Owner::Everybody, sort, ..place });
    let own = world.shelf(Place { sort, ..place });
    match id {
        None => Ok(shelf.near(0).unwrap_or_default()),
        Some(id) => sort
            .number(id)
            .filter(|number| shelf.contains(*number) || own.contains(*number))
            .ok_or_else(|| Refusal::invalid(format!("there is no {} {id:?}", sort.word()))),
    }
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
        let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
        let next = match (place.sort, record.status) {
            (Sort::Instance, status) => Order::Remove.from(status),
            (_, Status::Attached | Status::Erasing) => None,
            _ => Some(Status::Erasing),
        };
        let next = next.ok_or_else(|| refused(record.status))?;
        world.change(place, number, next, now);
        Ok(accepted(&cloud, world, place, number))
    })
}

pub(super) fn refused(status: Status) -> Refusal {
    Refusal::conflict(format!("not in status {}", status.word()))
}

pub(super) fn accepted(cloud: &Cloud, world: &World, place: Place, number: u64) -> Response {
    match world.entry(place, number) {
        Some(entry) => {
            json_answer(StatusCode::ACCEPTED, &world.document(place, number, entry, &cloud.accounts))
        }
        // With a transit time of zero it may be gone at once.
        None => json_answer(StatusCode::ACCEPTED, &serde_json::Value::Null),
    }
}
