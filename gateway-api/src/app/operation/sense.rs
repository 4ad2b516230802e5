//! Whether an order makes sense, as far as the store knows: what it names is there, and fits.

use gateway_core::driver::{Known, References};
use gateway_core::error::Result;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Canonical as _, Command, FieldError, Quota, Verb, VerbSpec};
use gateway_core::{Error, Kind};
use gateway_store::{ResourceFilter, ResourceQuery, Store};
use serde_json::{Map, Value};

use super::Place;

/// Looks up what an order names. A resource of another region, another account or another kind is as unknown as one
/// that is not there.
///
/// # Errors
/// Unavailable without a database.
pub(crate) async fn named(
    store: &Store,
    place: &Place,
    spec: &VerbSpec,
    order: &Value,
) -> Result<(References, Vec<FieldError>)> {
    let (mut references, mut faults) = (References::default(), Vec::new());
    for named in spec.names {
        for (pointer, text) in named.pointers(order) {
            let kind = named.kind;
            let found = match text.parse::<ResourceId>() {
                Ok(id) => place.known(store, kind, id).await?,
                Err(_) => None,
            };
            match found {
                Some(found) => drop(references.0.insert(found.id, found)),
                None => faults.push(FieldError::new(
                    pointer,
                    format!("names no {kind} that this account has or sees in this region"),
                )),
            }
        }
    }
    Ok((references, faults))
}

/// What does not fit, besides what is unknown.
pub(crate) fn faults(order: &Command, target: Option<&Known>, named: &References) -> Vec<FieldError> {
    let number = |known: &Known, field: &str| known.document.get(field).and_then(Value::as_u64);
    let of = |id: Option<ResourceId>, field: &str| number(named.0.get(&id?)?, field);
    let mut faults = Vec::new();
    match order {
        Command::Extend(order) => {
            let now = target.and_then(|target| number(target, "size_gib")).unwrap_or_default();
            if order.size_gib <= now {
                faults.push(FieldError::new("/size_gib", format!("must be more than the {now} that it has")));
            }
        }
        Command::CreateVolume(order) => {
            let least = of(order.snapshot, "size_gib")
                .or(of(order.volume, "size_gib"))
                .or(of(order.image, "min_disk_gib"))
                .unwrap_or_default();
            if order.size_gib.is_some_and(|size| size < least) {
                faults.push(FieldError::new(
                    "/size_gib",
                    format!("must be {least} at least, as its source is"),
                ));
            }
        }
        Command::CreateInstance(order) => {
            let fits = |have: Option<u64>, needs: Option<u64>| {
                have.zip(needs).is_none_or(|(have, needs)| have >= needs)
            };
            let memory = of(Some(order.instance_type), "memory_mib");
            if !fits(memory, of(order.image, "min_memory_mib")) {
                faults.push(FieldError::new("/instance_type", "has less memory than the image needs"));
            }
            // A type without a disk of its own leaves the size to the image.
            let disk = match &order.boot_volume {
                Some(boot) => boot.size_gib,
                None => of(Some(order.instance_type), "disk_gib").filter(|size| *size > 0),
            };
            if !fits(disk, of(order.image, "min_disk_gib")) {
                let pointer =
                    if order.boot_volume.is_some() { "/boot_volume/size_gib" } else { "/instance_type" };
                faults.push(FieldError::new(pointer, "has a smaller disk than the image needs"));
            }
        }
        _ => {}
    }
    faults
}

/// The native key of the quota that a create would overdraw, by what the store knows; the cloud is asked for that one
/// before it is believed.
///
/// # Errors
/// Unavailable without a database.
pub(crate) async fn spent_quota(
    store: &Store,
    place: &Place,
    kind: Kind,
    verb: Verb,
    count: u64,
) -> Result<Option<(String, Map<String, Value>)>> {
    let Some(target) = place.own(Quota::KIND).filter(|_| verb == Verb::Create) else { return Ok(None) };
    let term = gateway_core::document::terms::Term::field("measure", kind.spec().plural);
    let query = ResourceQuery {
        targets: vec![target],
        filter: ResourceFilter { terms: vec![term], ..ResourceFilter::default() },
        limit: 4,
        ..ResourceQuery::default()
    };
    for row in store.resource_list(query).await?.rows {
        let quota: Map<String, Value> = serde_json::from_str(&row.document).map_err(Error::internal)?;
        if is_spent(&quota, count) {
            return Ok(Some((row.native_key, quota)));
        }
    }
    Ok(None)
}

/// Whether so many more are too many.
pub(crate) fn is_spent(quota: &Map<String, Value>, count: u64) -> bool {
    let number = |field: &str| quota.get(field).and_then(Value::as_u64);
    let reserved = number("reserved").unwrap_or_default();
    number("limit").zip(number("used")).is_some_and(|(limit, used)| used + reserved + count > limit)
}
