//! Resources by name, for comfort: the API itself knows them by id alone.

use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::ResourceId;
use gateway_core::kind::{KindSpec, VerbSpec};
use serde_json::Value;

use super::api::Gateway;
use super::value;
use crate::cli::table::printable;

/// Records of one name that are told apart in the error.
const TOLD: &str = "20";

/// Members of an order that say where: a name is looked for there.
const WHERE: [&str; 2] = ["cloud", "region"];

/// The id that is meant: itself, or that of the one record of the name.
pub(super) async fn id(gateway: &Gateway, spec: &'static KindSpec, wanted: &str) -> Result<String> {
    match wanted.parse::<ResourceId>() {
        Ok(id) => Ok(id.to_string()),
        Err(_) => named(gateway, spec, wanted, &[]).await,
    }
}

/// Puts ids in place of the names in an order.
pub(super) async fn resolve(gateway: &Gateway, spec: &VerbSpec, order: &mut Value) -> Result<()> {
    let place: Vec<_> =
        WHERE.iter().filter_map(|name| Some((*name, order[*name].as_str()?.to_owned()))).collect();
    let place: Vec<_> = place.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for reference in spec.names {
        for (pointer, text) in reference.pointers(order) {
            if text.parse::<ResourceId>().is_ok() {
                continue;
            }
            let found = named(gateway, reference.kind.spec(), &text, &place).await;
            let found = found.map_err(|error| {
                let text = format!("{}: {}", printable(&pointer), error.message());
                Error::new(error.kind(), text)
            })?;
            if let Some(member) = order.pointer_mut(&pointer) {
                *member = found.into();
            }
        }
    }
    Ok(())
}

/// The id of the one record of a name.
async fn named(
    gateway: &Gateway,
    spec: &'static KindSpec,
    name: &str,
    place: &[(&str, &str)],
) -> Result<String> {
    let query = [("name", name), ("fields", "id,cloud,region,account"), ("limit", TOLD)];
    let page: Value = gateway.get(spec.plural, &[&query, place].concat()).await?.read()?;
    let mut found: Vec<(String, String)> = Vec::new();
    for item in page["items"].as_array().into_iter().flatten() {
        let text = |member: &str| value::text(&item[member]);
        // What several accounts see is one record.
        if !found.iter().any(|(id, _)| *id == text("id")) {
            let place = format!("{} {} {}", text("cloud"), text("region"), text("account"));
            found.push((text("id"), place));
        }
    }
    match found.as_slice() {
        [(id, _)] => Ok(id.clone()),
        [] => {
            Err(Error::new(ErrorKind::NotFound, printable(&format!("no {} is called {name:?}", spec.kind))))
        }
        several => {
            let lines = several.iter().map(|(id, place)| format!("\n  {id}  {place}"));
            let more = if page["next"].is_null() { "" } else { "\n  and more" };
            let lines: String = lines.collect();
            let head =
                printable(&format!("several {} are called {name:?}; name one by its id:", spec.plural));
            Err(Error::new(ErrorKind::Conflict, format!("{head}{lines}{more}")))
        }
    }
}
