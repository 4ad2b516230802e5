//! What a write is about, and whether its caller may do it now.

use axum::http::StatusCode;
use gateway_core::Kind;
use gateway_core::document::links::Stored;
use gateway_core::id::{AccountId, CloudId, Region, ResourceId};
use gateway_core::kind::{FieldError, Verb};
use gateway_store::Granted;
use serde_json::{Map, Value, json};

use super::write::faulty;
use super::{Answer, Problem};
use crate::app::read::{find_row, target_of};
use crate::http::bearer::Caller;
use crate::http::state::Api;

/// Members of a create's body that say where.
const PLACE: [&str; 3] = ["cloud", "region", "account"];

/// The account, cloud and region of a write, and the resource.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) account: AccountId,
    pub(super) cloud: CloudId,
    pub(super) region: Region,
    driver: String,
    pub(super) resource: Option<ResourceId>,
    /// What its document allows; of a create there is none.
    actions: Vec<Verb>,
    state: Option<String>,
}

impl Target {
    /// Refuses what the type of cloud cannot do, and what the resource's document does not allow.
    pub(super) fn expect(&self, state: &Api, kind: Kind, verb: Verb) -> Answer<()> {
        let driver = state.drivers.get(&self.driver);
        let can = driver.is_some_and(|driver| driver.capability().can(kind, verb).is_some());
        if !can {
            let detail = format!("clouds of the type {} cannot {verb} a {kind}", self.driver);
            let status = StatusCode::NOT_IMPLEMENTED;
            return Err(Problem::new("unsupported", "The cloud cannot do this", status, detail)
                .with_member("capability", format!("{kind}.{verb}").into()));
        }
        if self.resource.is_none() || self.actions.contains(&verb) {
            return Ok(());
        }
        let now = match &self.state {
            Some(word) => format!("it is {word}"),
            None => "of what it is now".to_owned(),
        };
        let detail = format!("{verb} is not possible now, because {now}");
        Err(Problem::new(
            "invalid-state",
            "The present state does not allow it",
            StatusCode::CONFLICT,
            detail,
        )
        .with_member("state", self.state.clone().into())
        .with_member("actions", json!(self.actions)))
    }
}

/// Where something is to be made: the members `cloud`, `region` and `account`, which are taken out of the order, as far
/// as more than one would do.
pub(super) fn of_create(caller: &Caller, order: &mut Value) -> Answer<Target> {
    let mut wanted: [Option<String>; 3] = [None, None, None];
    if let Some(members) = order.as_object_mut() {
        for (name, slot) in PLACE.iter().zip(&mut wanted) {
            *slot = match members.remove(*name) {
                None => None,
                Some(Value::String(text)) => Some(text),
                Some(_) => return Err(faulty(vec![FieldError::new(format!("/{name}"), "must be text")])),
            };
        }
    }
    let [cloud, region, account] = &wanted;
    let all = caller
        .authority
        .grants
        .iter()
        .flat_map(|grant| grant.access.0.keys().map(move |region| (grant, region)));
    let mut fitting: Vec<_> = all.collect();
    let narrow = |fitting: &mut Vec<(&Granted, &Region)>,
                  name: &str,
                  wanted: &Option<String>,
                  is: &dyn Fn(&Granted, &Region, &str) -> bool| {
        if let Some(wanted) = wanted {
            fitting.retain(|(grant, region)| is(grant, region, wanted));
            if fitting.is_empty() {
                let detail =
                    format!("names no {name} that you have proved, or none together with the others");
                return Err(faulty(vec![FieldError::new(format!("/{name}"), detail)]));
            }
        }
        Ok(())
    };
    narrow(&mut fitting, "cloud", cloud, &|grant, _, wanted| grant.cloud_name == wanted)?;
    narrow(&mut fitting, "account", account, &|grant, _, wanted| {
        wanted.parse::<AccountId>() == Ok(grant.account.id)
    })?;
    narrow(&mut fitting, "region", region, &|_, region, wanted| region.as_str() == wanted)?;
    let (first, region) = match fitting.as_slice() {
        [(grant, region)] => (*grant, *region),
        [] => {
            let detail = "you have proved no account: see POST /v1/check_credentials";
            return Err(Problem::new("no-account", "There is no account", StatusCode::FORBIDDEN, detail));
        }
        [(first, _), rest @ ..] => {
            let differs =
                |what: fn(&Granted) -> String| rest.iter().any(|(grant, _)| what(grant) != what(first));
            let name = if differs(|grant| grant.cloud_name.clone()) {
                "cloud"
            } else if differs(|grant| grant.account.id.to_string()) {
                "account"
            } else {
                "region"
            };
            let detail = "must be given: more than one would do";
            return Err(faulty(vec![FieldError::new(format!("/{name}"), detail)]));
        }
    };
    Ok(Target {
        account: first.account.id,
        cloud: first.account.cloud,
        region: region.clone(),
        driver: first.driver.clone(),
        resource: None,
        actions: Vec::new(),
        state: None,
    })
}

/// The resource of that id, if the caller may see it; and refuses one that belongs to others.
pub(super) async fn of_resource(state: &Api, caller: &Caller, kind: Kind, id: ResourceId) -> Answer<Target> {
    let row = find_row(&state.store, &caller.authority, kind, id, false).await?;
    let row = row.ok_or_else(Problem::no_such_resource)?;
    of_row(caller, &row)
}

/// The same of a record that is at hand.
pub(super) fn of_row(caller: &Caller, row: &gateway_store::ResourceRow) -> Answer<Target> {
    let authority = &caller.authority;
    let target = target_of(row, authority).ok_or_else(Problem::internal)?;
    let stored = Stored::read(&row.document).ok_or_else(Problem::internal)?;
    let document: Map<String, Value> =
        serde_json::from_str(&row.document).map_err(gateway_core::Error::internal)?;
    let owner = stored.owner().or(target.holder.account());
    let grant = owner.and_then(|owner| authority.grants.iter().find(|grant| grant.account.id == owner));
    let owned_by = document.get("owner").and_then(Value::as_str);
    let grant = grant.filter(|grant| owned_by.is_none_or(|owner| owner == grant.account.external_id));
    let Some(grant) = grant else {
        let detail = "it belongs to an account that you have not proved; you may only see it";
        return Err(Problem::new("not-owner", "It belongs to somebody else", StatusCode::FORBIDDEN, detail));
    };
    Ok(Target {
        account: grant.account.id,
        cloud: target.cloud,
        region: target.region.clone(),
        driver: grant.driver.clone(),
        resource: Some(row.id),
        actions: stored.actions(&authority.acts_for),
        state: document.get("state").and_then(Value::as_str).map(ToOwned::to_owned),
    })
}
