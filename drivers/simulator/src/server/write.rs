//! What the cloud's own clients change: instances, volumes and images made, moved and removed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use gateway_core::Timestamp;
use http::StatusCode;
use serde::Deserialize;

use super::answer::{Refusal, json_answer};
use super::body::{Body, Image, Instance, Record, Sort, Volume};
use super::lifecycle::{Order, Status};
use super::read::Account;
use super::seed;
use super::shelf::{Owner, Place};
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
            let inside = seed::inside_address(&mut world.random);
            let body =
                Instance { instance_type, image, inside, outside: None, disks: Vec::new(), booted: None };
            Ok((Status::Booting, Body::Instance(body)))
        }
        Sort::Volume => {
            let gigabytes = wanted.size_gb.unwrap_or(10);
            Ok((Status::Forming, Body::Volume(Volume { gigabytes, attached_to: None })))
        }
        Sort::Image => Ok((Status::Uploading, Body::Image(Image { bytes: 1 << 30, system: "debian" }))),
        Sort::InstanceType => Err(Refusal::invalid("instance types are the cloud's own")),
    }
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
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_world(|world, now| {
        let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
        let next = match (place.sort, record.status) {
            (Sort::Instance, status) => Order::Remove.from(status),
            (Sort::Volume | Sort::Image, Status::Attached | Status::Erasing) => None,
            _ => Some(Status::Erasing),
        };
        let next = next.ok_or_else(|| refused(record.status))?;
        world.change(place, number, next, now);
        Ok(accepted(&cloud, world, place, number))
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    instance: Option<String>,
}

pub(super) async fn order(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id, word)): Path<(String, String, String, String)>,
    parameters: Option<Json<Parameters>>,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    let parameters = parameters.map(|Json(parameters)| parameters).unwrap_or_default();
    cloud.with_world(|world, now| {
        let status = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?.status;
        match (place.sort, word.as_str()) {
            (Sort::Volume, "attach") => attach(world, place, number, parameters.instance.as_deref(), now)?,
            (Sort::Volume, "detach") => detach(world, place, number, now)?,
            (Sort::Instance, word) => {
                let order = Order::parse(word).ok_or_else(|| Refusal::invalid("there is no such order"))?;
                let next = order.from(status).ok_or_else(|| refused(status))?;
                world.change(place, number, next, now);
            }
            _ => return Err(Refusal::invalid("there is no such order")),
        }
        Ok(accepted(&cloud, world, place, number))
    })
}

fn attach(
    world: &mut World,
    place: Place,
    number: u64,
    instance: Option<&str>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let instances = Place { sort: Sort::Instance, ..place };
    let holder = instance
        .and_then(|id| Sort::Instance.number(id))
        .ok_or_else(|| Refusal::invalid("attach needs the id of an instance"))?;
    let status = world.shelf(place).get(number).map(|volume| volume.status);
    if status != Some(Status::Free) {
        return Err(Refusal::conflict("only a free volume can be attached"));
    }
    let record = world.shelf_mut(instances).get_mut(holder).ok_or_else(Refusal::no_resource)?;
    if let Body::Instance(instance) = &mut record.body {
        instance.disks.push(number);
        record.changed = now;
    }
    if let Some(Record { body: Body::Volume(volume), .. }) = world.shelf_mut(place).get_mut(number) {
        volume.attached_to = Some(holder);
    }
    world.change(place, number, Status::Attached, now);
    Ok(())
}

fn detach(world: &mut World, place: Place, number: u64, now: Timestamp) -> Result<(), Refusal> {
    if !world.take_off(place, number, now) {
        return Err(Refusal::conflict("the volume is not attached"));
    }
    world.free_volume(place, number, now);
    Ok(())
}

fn refused(status: Status) -> Refusal {
    Refusal::conflict(format!("not in status {}", status.word()))
}

fn accepted(cloud: &Cloud, world: &World, place: Place, number: u64) -> Response {
    match world.shelf(place).get(number) {
        Some(record) => {
            json_answer(StatusCode::ACCEPTED, &world.document(place, number, record, &cloud.accounts))
        }
        // With a transit time of zero it may be gone at once.
        None => json_answer(StatusCode::ACCEPTED, &serde_json::Value::Null),
    }
}
