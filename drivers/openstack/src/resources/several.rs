//! What several services have, each its own: the listing is of those services that the region has.

use gateway_core::kind::{Canonical, Datacenter, Quota};

use super::{Form, PROJECT, Pass, Resource, Single};
use crate::catalog::Service;
use crate::wire::{quota, zone};
use serde_json::Value;

const fn whole(
    service: Service,
    path: &'static [&'static str],
    take_apart: fn(Value) -> Option<Vec<Value>>,
) -> Pass {
    Pass { form: Form::Whole(take_apart), ..Pass::pages(service, path, "") }
}

pub(super) static DATACENTER: Resource = Resource {
    published: &[
        whole(Service::Compute, &["os-availability-zone"], zone::of_servers_or_volumes),
        whole(Service::Volume, &["os-availability-zone"], zone::of_servers_or_volumes),
        whole(Service::Network, &["availability_zones"], zone::of_networks),
    ],
    ..Resource::new(Datacenter::KIND, Single::Whole, zone::observe)
};

pub(super) static QUOTA: Resource = Resource {
    own: &[
        whole(Service::Compute, &["os-quota-sets", PROJECT, "detail"], |answer| {
            quota::of("quota_set", answer)
        }),
        whole(Service::Volume, &["os-quota-sets", PROJECT], |answer| quota::of("quota_set", answer))
            .with(&[("usage", "True")]),
        whole(Service::Network, &["quotas", PROJECT, "details.json"], |answer| quota::of("quota", answer)),
    ],
    ..Resource::new(Quota::KIND, Single::Whole, quota::observe)
};
