//! Limits, as each service keeps its own.

use gateway_core::driver::{Done, Step};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{Command, UpdateQuota, Verb, VerbSupport};
use serde_json::{Value, json};

use super::Act;
use crate::catalog::Service;
use crate::connection::Write;

pub(super) const QUOTA: &[VerbSupport] = &[VerbSupport::new(Verb::Update)];

/// Where a limit is set, and how.
struct Limit<'a> {
    service: Service,
    path: [&'a str; 2],
    body: Value,
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    let Command::UpdateQuota(command) = act.step.command else { return Err(act.step.unsupported()) };
    let Limit { service, path, body } = limit(act.step, *command)?;
    act.done(act.write(Write::put(service, &path, body)).await?)
}

fn limit<'a>(step: &Step<'a>, command: UpdateQuota) -> Result<Limit<'a>> {
    let no_key = || Error::internal("a quota's key names project, service and measure");
    let (project, rest) = step.target()?.native_key.split_once('/').ok_or_else(no_key)?;
    let (service, word) = rest.split_once('.').ok_or_else(no_key)?;
    let has_it = [Service::Compute, Service::Volume, Service::Network];
    let service = has_it.into_iter().find(|known| known.word() == service).ok_or_else(no_key)?;
    let (path, around) =
        if service == Service::Network { ("quotas", "quota") } else { ("os-quota-sets", "quota_set") };
    let limit = command.limit.map_or(json!(-1), |limit| json!(limit));
    Ok(Limit { service, path: [path, project], body: json!({ around: { word: limit } }) })
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::{Canonical, Quota};

    use super::*;
    use crate::act::testing;

    #[test]
    fn each_service_is_told_of_its_own_limits() {
        let told = |key: &str, limit| {
            let (named, [id]) = testing::named([("quota", key)]);
            let command = Command::UpdateQuota(UpdateQuota { limit });
            testing::step(Quota::KIND, Verb::Update, &command, &named, |step| {
                let step = Step { target: Some(named.get(id)?), ..*step };
                let limit = super::limit(&step, UpdateQuota { limit })?;
                Ok(json!([limit.service.word(), limit.path, limit.body]))
            })
        };
        let nova = told("p1/compute.cores", Some(5)).unwrap();
        assert_eq!(nova, json!(["compute", ["os-quota-sets", "p1"], {"quota_set": {"cores": 5}}]));
        let neutron = told("p1/network.port", None).unwrap();
        assert_eq!(neutron, json!(["network", ["quotas", "p1"], {"quota": {"port": -1}}]));
        let per_type = told("p1/volume.gigabytes_fast.x", Some(0)).unwrap();
        assert_eq!(per_type[2], json!({"quota_set": {"gigabytes_fast.x": 0}}));
        assert!(told("p1/image.size", Some(1)).is_err() && told("p1", Some(1)).is_err());
    }
}
