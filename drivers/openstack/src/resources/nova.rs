//! What Nova has.

use gateway_core::kind::{Canonical, Instance, InstanceType, SshKey};

use super::{Form, Pages, Pass, Resource, Single};
use crate::catalog::Service;
use crate::wire;

pub(super) static INSTANCE: Resource = Resource {
    own: &[Pass::pages(Service::Compute, &["servers", "detail"], "servers")],
    left_out: &["server_groups"],
    ..Resource::new(
        Instance::KIND,
        Single::Id { path: "servers", around: Some("server") },
        wire::server::observe,
    )
};

const FLAVORS: &[Pass] = &[Pass::pages(Service::Compute, &["flavors", "detail"], "flavors")];

pub(super) static INSTANCE_TYPE: Resource = Resource {
    own: FLAVORS,
    published: FLAVORS,
    ..Resource::new(
        InstanceType::KIND,
        Single::Id { path: "flavors", around: Some("flavor") },
        wire::flavor::observe,
    )
};

pub(super) static SSH_KEY: Resource = Resource {
    own: &[Pass {
        form: Form::Pages(Pages { around: Some("keypair"), id: "name", ..Pages::of("keypairs") }),
        ..Pass::pages(Service::Compute, &["os-keypairs"], "keypairs")
    }],
    left_out: &["created_at", "deleted", "deleted_at", "id", "updated_at", "user_id"],
    ..Resource::new(SshKey::KIND, Single::UserAndName, wire::keypair::observe)
};
