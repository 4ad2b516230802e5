//! What Neutron has. It shows an administrator the whole cloud, so that every listing names the project.

use gateway_core::kind::{
    Canonical, IpAddress, IpAddressBinding, Network, NetworkInterface, Router, SecurityGroup,
    SecurityGroupRule, Subnet,
};

use super::{Children, Form, PROJECT, Pages, Pass, Resource, Single};
use crate::catalog::Service;
use crate::wire;

const OF_PROJECT: &[(&str, &str)] = &[("project_id", PROJECT)];
const SHARED: &[(&str, &str)] = &[("shared", "true")];

const fn own(path: &'static [&'static str], key: &'static str) -> Pass {
    Pass::pages(Service::Network, path, key).with(OF_PROJECT)
}

/// What others share with all or with the project alone: Neutron does not tell which.
const fn others(pass: Pass, query: &'static [(&'static str, &'static str)]) -> Pass {
    Pass { others_only: true, ..pass.with(query) }
}

const NETWORKS: Pass = own(&["networks"], "networks");

pub(super) static NETWORK: Resource = Resource {
    own: &[
        NETWORKS,
        others(NETWORKS, SHARED),
        others(NETWORKS, &[("router:external", "true"), ("shared", "false")]),
    ],
    ..Resource::new(
        Network::KIND,
        Single::Id { path: "networks", around: Some("network") },
        wire::network::observe,
    )
};

const SUBNETS: Pass = own(&["subnets"], "subnets");

pub(super) static SUBNET: Resource = Resource {
    own: &[SUBNETS, others(SUBNETS, SHARED)],
    ..Resource::new(
        Subnet::KIND,
        Single::Id { path: "subnets", around: Some("subnet") },
        wire::subnet::observe,
    )
};

pub(super) static NETWORK_INTERFACE: Resource = Resource {
    own: &[own(&["ports"], "ports")],
    ..Resource::new(
        NetworkInterface::KIND,
        Single::Id { path: "ports", around: Some("port") },
        wire::port::observe,
    )
};

pub(super) static ROUTER: Resource = Resource {
    own: &[own(&["routers"], "routers")],
    ..Resource::new(
        Router::KIND,
        Single::Id { path: "routers", around: Some("router") },
        wire::router::observe,
    )
};

const FLOATING_IPS: &[Pass] = &[own(&["floatingips"], "floatingips")];
const FLOATING_IP: Single = Single::Id { path: "floatingips", around: Some("floatingip") };

pub(super) static IP_ADDRESS: Resource =
    Resource { own: FLOATING_IPS, ..Resource::new(IpAddress::KIND, FLOATING_IP, wire::floating_ip::observe) };

pub(super) static IP_ADDRESS_BINDING: Resource = Resource {
    own: FLOATING_IPS,
    is_one: |floating_ip| floating_ip["port_id"].is_string(),
    ..Resource::new(IpAddressBinding::KIND, FLOATING_IP, wire::floating_ip::observe_binding)
};

const GROUPS: Pass = own(&["security-groups"], "security_groups");

pub(super) static SECURITY_GROUP: Resource = Resource {
    own: &[GROUPS, others(GROUPS, SHARED)],
    ..Resource::new(
        SecurityGroup::KIND,
        Single::Id { path: "security-groups", around: Some("security_group") },
        wire::security_group::observe,
    )
};

// A rule that an administrator puts into the project's group is the administrator's project's: the group tells whose
// traffic it lets through. Rules of others' groups are not asked for: Neutron cuts them out of pages that it has
// already counted, and a page that is empty by that looks like the last.
pub(super) static SECURITY_GROUP_RULE: Resource = Resource {
    own: &[Pass {
        form: Form::Children(
            Pages::of("security_groups"),
            Children {
                path: &["security-group-rules"],
                pages: Pages::of("security_group_rules"),
                of: "security_group_id",
            },
        ),
        ..GROUPS.with(&[("project_id", PROJECT), ("fields", "id"), ("fields", "project_id")])
    }],
    // In a listing Neutron leaves what it compared when it asked itself whether a rule of another project may be shown.
    left_out: &["security_group:tenant_id"],
    ..Resource::new(
        SecurityGroupRule::KIND,
        Single::Id { path: "security-group-rules", around: Some("security_group_rule") },
        wire::security_group_rule::observe,
    )
};
