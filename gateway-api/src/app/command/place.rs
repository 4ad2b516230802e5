//! Placement: the cloud, region and account in which a resource is created.

use gateway_core::id::{AccountId, Region};
use gateway_core::kind::FieldError;
use gateway_store::{Visibility, VisibleAccount, VisibleCloud};
use serde_json::Value;

use super::target::Target;
use crate::app::{Error, Result};

/// An account that the caller has proven, its cloud, and a region.
type Candidate<'a> = (&'a VisibleAccount, &'a VisibleCloud, &'a Region);

/// A member of a create's body that selects candidates.
struct Member {
    name: &'static str,
    value: fn(Candidate<'_>) -> String,
    selects: fn(Candidate<'_>, &str) -> bool,
}

/// The members, in the order in which a missing one is asked for.
const MEMBERS: [Member; 3] = [
    Member {
        name: "cloud",
        value: |(_, cloud, _)| cloud.name.clone(),
        selects: |(_, cloud, _), wanted| cloud.name == wanted,
    },
    Member {
        name: "account",
        value: |(account, ..)| account.id.to_string(),
        selects: |(account, ..), wanted| wanted.parse::<AccountId>() == Ok(account.id),
    },
    Member {
        name: "region",
        value: |(.., region)| region.as_str().to_owned(),
        selects: |(.., region), wanted| region.as_str() == wanted,
    },
];

/// Takes `cloud`, `region` and `account` out of a create's body and returns the one place that they select.
pub(super) fn place(visibility: &Visibility, body: &mut Value) -> Result<Target> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for account in visibility.accounts() {
        if let Some(cloud) = visibility.cloud(account.cloud) {
            candidates.extend(account.access.0.keys().map(|region| (account, cloud, region)));
        }
    }
    for member in &MEMBERS {
        let Some(wanted) = take(body, member)? else { continue };
        candidates.retain(|candidate| (member.selects)(*candidate, &wanted));
        if candidates.is_empty() {
            let name = member.name;
            return Err(invalid(name, format!("must name a {name} of an account that you have proven")));
        }
    }
    match candidates.as_slice() {
        [(account, cloud, region)] => Ok(Target {
            account: account.id,
            cloud: account.cloud,
            region: (*region).clone(),
            driver: cloud.driver.clone(),
            resource: None,
        }),
        [] => Err(Error::NoAccount),
        [first, others @ ..] => {
            let differs = |member: &&Member| {
                others.iter().any(|other| (member.value)(*other) != (member.value)(*first))
            };
            let name = MEMBERS.iter().find(differs).map_or("region", |member| member.name);
            Err(invalid(name, format!("is required, because you have access to more than one {name}")))
        }
    }
}

fn take(body: &mut Value, member: &Member) -> Result<Option<String>> {
    match body.as_object_mut().and_then(|members| members.remove(member.name)) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(member.name, "must be a string")),
    }
}

fn invalid(name: &str, detail: impl Into<String>) -> Error {
    Error::InvalidCommand { errors: vec![FieldError::new(format!("/{name}"), detail)] }
}
