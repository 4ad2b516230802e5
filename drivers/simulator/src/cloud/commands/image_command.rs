//! Sharing of images with other accounts.

use gateway_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cloud::commands::body::parse;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::record::{Body, Record};
use crate::cloud::tables::status::Status;
use crate::cloud::tables::table::{Owner, TableKey};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareWith {
    /// Id of the account.
    account: String,
}

pub(crate) fn execute(
    tables: &mut Tables,
    table: TableKey,
    number: u64,
    word: &str,
    parameters: Map<String, Value>,
    accounts: &[String],
    now: Timestamp,
) -> Result<(), Refusal> {
    if !matches!(word, "share" | "unshare") {
        return Err(Refusal::unknown_command());
    }
    let ShareWith { account: request } = parse(parameters)?;
    let account = accounts.iter().position(|id| *id == request);
    let account = account.ok_or_else(|| Refusal::unknown("account", &request))?;
    if table.owner == Owner::Account(account) {
        return Err(Refusal::invalid("the account owns the image"));
    }
    let record = tables.records_mut(table).get_mut(number).ok_or_else(Refusal::no_resource)?;
    let Record { body: Body::Image(image), status, changed, .. } = record else { return Ok(()) };
    if *status != Status::Ready {
        return Err(Refusal::wrong_status(*status));
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
