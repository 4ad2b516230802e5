//! What clients order of what is there.

mod image;
mod instance;
mod router;
mod volume;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value};

use super::answer::Refusal;
use super::read::Account;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::state::Cloud;
use super::write::accepted;

pub(super) async fn order(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id, word)): Path<(String, String, String, String)>,
    parameters: Option<Json<Map<String, Value>>>,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    let parameters = parameters.map(|Json(parameters)| parameters).unwrap_or_default();
    cloud.with_world(|world, now| {
        if !world.shelf(place).contains(number) {
            return Err(Refusal::no_resource());
        }
        match place.sort {
            Sort::Volume => volume::order(world, place, number, &word, parameters, now)?,
            Sort::Instance => match &*word {
                "image" => {
                    let image = instance::image(world, place, number, parameters, now)?;
                    return Ok(accepted(&cloud, world, Place { sort: Sort::Image, ..place }, image));
                }
                "console" => return instance::console(world, place, number),
                word => instance::order(world, place, number, word, parameters, now)?,
            },
            Sort::Router => router::order(world, place, number, &word, parameters, now)?,
            Sort::Image => {
                image::order(world, place, number, &word, parameters, &cloud.accounts, now)?;
            }
            _ => return Err(no_such_order()),
        }
        Ok(accepted(&cloud, world, place, number))
    })
}

fn no_such_order() -> Refusal {
    Refusal::invalid("there is no such order")
}
