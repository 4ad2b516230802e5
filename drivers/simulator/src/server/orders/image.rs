//! Sharing images with other accounts.

use gateway_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::Refusal;
use super::super::body::{Body, Record};
use super::super::lifecycle::Status;
use super::super::shelf::{Owner, Place};
use super::super::world::World;
use super::super::write::{form, refused};
use super::no_such_order;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    /// By id.
    account: String,
}

pub(super) fn order(
    world: &mut World,
    place: Place,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    accounts: &[String],
    now: Timestamp,
) -> Result<(), Refusal> {
    if !matches!(word, "share" | "unshare") {
        return Err(no_such_order());
    }
    let With { account: wanted } = form(parameters)?;
    let account = accounts.iter().position(|id| *id == wanted);
    let account = account.ok_or_else(|| Refusal::unknown("account", &wanted))?;
    if place.owner == Owner::Account(account) {
        return Err(Refusal::invalid("its owner has it anyway"));
    }
    let record = world.shelf_mut(place).get_mut(number).ok_or_else(Refusal::no_resource)?;
    let Record { body: Body::Image(image), status, changed, .. } = record else { return Ok(()) };
    if *status != Status::Ready {
        return Err(refused(*status));
    }
    let before = image.shared_with.len();
    image.shared_with.retain(|with| *with != account);
    if word == "share" {
        image.shared_with.push(account);
    }
    if image.shared_with.len() != before {
        *changed = now;
    }
    Ok(())
}
