//! Commands of quotas; each service keeps its own limits.

use gateway_core::driver::{Done, Step};
use gateway_core::error::{Error, Result};
use gateway_core::kind::{Command, UpdateQuota};
use serde_json::{Value, json};

use super::action::Action;
use crate::client::Write;
use crate::service::Service;

/// The request that sets a limit.
struct Limit<'a> {
    service: Service,
    path: [&'a str; 2],
    body: Value,
}

pub(super) async fn act(action: &Action<'_>) -> Result<Done> {
    let Command::UpdateQuota(command) = action.step.command else { return Err(action.step.unsupported()) };
    let Limit { service, path, body } = limit(action.step, *command)?;
    action.done(action.write(Write::put(service, &path, body)).await?.request_id)
}

fn limit<'a>(step: &Step<'a>, command: UpdateQuota) -> Result<Limit<'a>> {
    let no_key = || Error::internal("a quota's key is project/service.measure");
    let (project, rest) = step.target()?.native_key.split_once('/').ok_or_else(no_key)?;
    let (service, word) = rest.split_once('.').ok_or_else(no_key)?;
    let services = [Service::Compute, Service::Volume, Service::Network];
    let service = services.into_iter().find(|known| known.as_str() == service).ok_or_else(no_key)?;
    let (path, key) =
        if service == Service::Network { ("quotas", "quota") } else { ("os-quota-sets", "quota_set") };
    let limit = command.limit.map_or(json!(-1), |limit| json!(limit));
    Ok(Limit { service, path: [path, project], body: json!({ key: { word: limit } }) })
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::{Kind, Verb};

    use super::*;
    use crate::actions::fixtures;

    #[test]
    fn limit_is_set_at_its_service() {
        let request = |key: &str, limit| {
            let (named, [id]) = fixtures::named([("quota", key)]);
            let command = Command::UpdateQuota(UpdateQuota { limit });
            fixtures::step(Kind::Quota, Verb::Update, &command, &named, |step| {
                let step = Step { target: Some(named.get(id)?), ..*step };
                let limit = super::limit(&step, UpdateQuota { limit })?;
                Ok(json!([limit.service.as_str(), limit.path, limit.body]))
            })
        };
        let nova = request("p1/compute.cores", Some(5)).unwrap();
        assert_eq!(nova, json!(["compute", ["os-quota-sets", "p1"], {"quota_set": {"cores": 5}}]));
        let neutron = request("p1/network.port", None).unwrap();
        assert_eq!(neutron, json!(["network", ["quotas", "p1"], {"quota": {"port": -1}}]));
        let per_type = request("p1/volume.gigabytes_fast.x", Some(0)).unwrap();
        assert_eq!(per_type[2], json!({"quota_set": {"gigabytes_fast.x": 0}}));
        assert!(request("p1/image.size", Some(1)).is_err() && request("p1", Some(1)).is_err());
    }
}
