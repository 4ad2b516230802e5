//! Names of resources. The API takes only ids, so the command line looks them up.

use gateway_client::Client;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::ResourceId;
use gateway_core::kind::{KindSpec, VerbSpec};
use serde_json::Value;

use super::{problem, value};
use crate::cli::table::printable;

/// Records with the same name that an error lists.
const LISTED: &str = "20";

/// Fields of a command within whose values a name is looked up.
const SCOPE: [&str; 2] = ["cloud", "region"];

/// Returns an id as it is, or the id of the only record with that name.
pub(super) async fn id(client: &Client, spec: &'static KindSpec, id_or_name: &str) -> Result<String> {
    match id_or_name.parse::<ResourceId>() {
        Ok(id) => Ok(id.to_string()),
        Err(_) => named(client, spec, id_or_name, &[]).await,
    }
}

/// Replaces the names in a command with ids.
pub(super) async fn resolve(client: &Client, spec: &VerbSpec, command: &mut Value) -> Result<()> {
    let scope: Vec<_> =
        SCOPE.iter().filter_map(|name| Some((*name, command[*name].as_str()?.to_owned()))).collect();
    let scope: Vec<_> = scope.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for reference in spec.names {
        for (pointer, text) in reference.pointers(command) {
            if text.parse::<ResourceId>().is_ok() {
                continue;
            }
            let found = named(client, reference.kind.spec(), &text, &scope).await;
            let found = found.map_err(|error| {
                let text = format!("{}: {}", printable(&pointer), error.message());
                Error::new(error.kind(), text)
            })?;
            if let Some(member) = command.pointer_mut(&pointer) {
                *member = found.into();
            }
        }
    }
    Ok(())
}

/// Returns the id of the only record with a name.
async fn named(
    client: &Client,
    spec: &'static KindSpec,
    name: &str,
    scope: &[(&str, &str)],
) -> Result<String> {
    let query = [("name", name), ("fields", "id,cloud,region,account"), ("limit", LISTED)];
    let page: Value = client.read(spec.plural, &[&query, scope].concat()).await.map_err(problem::error)?;
    let mut found: Vec<(String, String)> = Vec::new();
    for item in page["items"].as_array().into_iter().flatten() {
        let text = |member: &str| value::text(&item[member]);
        // Several accounts may see the same record.
        if !found.iter().any(|(id, _)| *id == text("id")) {
            let place = format!("{} {} {}", text("cloud"), text("region"), text("account"));
            found.push((text("id"), place));
        }
    }
    match found.as_slice() {
        [(id, _)] => Ok(id.clone()),
        [] => Err(Error::new(
            ErrorKind::NotFound,
            printable(&format!("there is no {} with the name `{name}`", spec.kind)),
        )),
        several => {
            let lines = several.iter().map(|(id, place)| format!("\n  {id}  {place}"));
            let more = if page["next"].is_null() { "" } else { "\n  and more" };
            let lines: String = lines.collect();
            let head =
                printable(&format!("several {} have the name `{name}`; use the id of one:", spec.plural));
            Err(Error::new(ErrorKind::Conflict, format!("{head}{lines}{more}")))
        }
    }
}
