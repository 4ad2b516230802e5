//! The content of images that were registered empty: counted, and not kept.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::StreamExt as _;

use super::answer::Refusal;
use super::body::Body as Form;
use super::lifecycle::Status;
use super::read::Account;
use super::shelf::{Owner, Place};
use super::sort::Sort;
use super::state::Cloud;
use super::write::{accepted, refused};

/// An image that is being filled. Let go before the end it is empty again, whatever became of the connection.
struct Filling {
    cloud: Arc<Cloud>,
    place: Place,
    number: u64,
}

pub(super) async fn fill(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
    content: Body,
) -> Result<Response, Refusal> {
    let place = cloud.place(&region, &collection, Owner::Account(account.0))?;
    if place.sort != Sort::Image {
        return Err(Refusal::invalid("only images have content"));
    }
    let number = place.sort.number(&id).ok_or_else(Refusal::no_resource)?;
    let filling = Filling::begin(&cloud, place, number)?;
    let mut content = content.into_data_stream();
    let mut bytes = 0;
    while let Some(chunk) = content.next().await {
        bytes += chunk.map_err(|_| Refusal::invalid("the content broke off"))?.len() as u64;
    }
    filling.end(bytes)
}

impl Filling {
    fn begin(cloud: &Arc<Cloud>, place: Place, number: u64) -> Result<Self, Refusal> {
        cloud.with_world(|world, now| {
            let record = world.shelf(place).get(number).ok_or_else(Refusal::no_resource)?;
            if record.status != Status::Empty {
                return Err(refused(record.status));
            }
            world.change(place, number, Status::Filling, now);
            Ok(())
        })?;
        Ok(Self { cloud: Arc::clone(cloud), place, number })
    }

    fn end(self, bytes: u64) -> Result<Response, Refusal> {
        self.cloud.with_world(|world, now| {
            let record = world.shelf_mut(self.place).get_mut(self.number).ok_or_else(Refusal::no_resource)?;
            if let Form::Image(image) = &mut record.body {
                image.bytes = bytes;
            }
            world.change(self.place, self.number, Status::Ready, now);
            Ok(accepted(&self.cloud, world, self.place, self.number))
        })
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.cloud.with_world(|world, now| {
            let status = world.shelf(self.place).get(self.number).map(|record| record.status);
            if status == Some(Status::Filling) {
                world.change(self.place, self.number, Status::Empty, now);
            }
        });
    }
}
