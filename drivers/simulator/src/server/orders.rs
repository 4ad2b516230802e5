//! What the cloud's own clients order of an instance or a volume.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use gateway_core::Timestamp;
use serde::Deserialize;

use super::answer::Refusal;
use super::body::{Body, Record};
use super::lifecycle::{Order, Status};
use super::read::Account;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::state::Cloud;
use super::world::World;
use super::write::{accepted, refused};

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
