//! The recorded answers that are used, by kind.

use gateway_core::kind::Kind;
use serde_json::{Value, json};

use Service::{Compute, Image, Network, Volume};

/// A recorded answer of one kind, in one or several pages.
pub(crate) struct Recording {
    pub(crate) kind: Kind,
    pub(crate) documents: &'static [&'static str],
    pub(crate) service: Service,
    pub(crate) path: &'static str,
    pub(crate) answer: Answer,
    /// The account that the answer is for.
    pub(crate) project: &'static str,
    pub(crate) user: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum Service {
    Compute,
    Image,
    Volume,
    Network,
}

/// The form of a recorded answer; the key around a document is empty where it stands bare.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    List { key: &'static str, around: &'static str },
    One { native_key: &'static str, around: &'static str },
    Quotas { key: &'static str },
}

impl Service {
    /// Returns the type in catalogs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Image => "image",
            Self::Volume => "volumev3",
            Self::Network => "network",
        }
    }

    pub(crate) fn path(self, project: &str) -> String {
        match self {
            Self::Compute => "/compute/v2.1".to_owned(),
            Self::Image => "/image/v2".to_owned(),
            Self::Volume => format!("/volume/v3/{project}"),
            Self::Network => "/network/v2.0".to_owned(),
        }
    }
}

/// The members of a key that only a single read has; the driver removes them.
const ONLY_IN_SINGLE: [&str; 6] = ["created_at", "deleted", "deleted_at", "id", "updated_at", "user_id"];

impl Recording {
    /// Returns the records of one page.
    pub(crate) fn records(&self, page: &Value) -> Vec<Value> {
        let inside = |value: &Value, around: &str| {
            if around.is_empty() { value.clone() } else { value[around].clone() }
        };
        match self.answer {
            Answer::List { key, around } => {
                page[key].as_array().unwrap().iter().map(|item| inside(item, around)).collect()
            }
            Answer::One { around, .. } => {
                let mut one = inside(page, around);
                if self.kind == Kind::SshKey {
                    one.as_object_mut().unwrap().retain(|name, _| !ONLY_IN_SINGLE.contains(&name.as_str()));
                }
                vec![one]
            }
            // The project's id stands among the measures.
            Answer::Quotas { key } => {
                let measures = page[key].as_object().unwrap().iter().filter(|(name, _)| *name != "id");
                measures.map(|(name, value)| json!({ name.as_str(): value })).collect()
            }
        }
    }
}

const fn list(
    kind: Kind,
    documents: &'static [&'static str],
    service: Service,
    path: &'static str,
    key: &'static str,
) -> Recording {
    let answer = Answer::List { key, around: "" };
    Recording { kind, documents, service, path, answer, project: "p1", user: "u1" }
}

/// Returns a recording of a single document.
const fn one(
    kind: Kind,
    documents: &'static [&'static str],
    service: Service,
    path: &'static str,
    around: &'static str,
    native_key: &'static str,
) -> Recording {
    let answer = Answer::One { native_key, around };
    Recording { kind, documents, service, path, answer, project: "p1", user: "u1" }
}

const SERVERS: &str = "servers/detail";

pub(crate) const RECORDINGS: &[Recording] = &[
    list(Kind::Instance, &["_servers_detail_ERROR_STATE.json"], Compute, SERVERS, "servers"),
    one(
        Kind::Instance,
        &["_servers_26f7fbee_8ce1_4c28_887a_bfe8e4bb10fe.json"],
        Compute,
        "servers/26f7fbee-8ce1-4c28-887a-bfe8e4bb10fe",
        "server",
        "26f7fbee-8ce1-4c28-887a-bfe8e4bb10fe",
    ),
    Recording {
        answer: Answer::List { key: "keypairs", around: "keypair" },
        ..list(Kind::SshKey, &["_os_keypairs.json"], Compute, "os-keypairs", "keypairs")
    },
    Recording {
        user: "1234",
        ..one(
            Kind::SshKey,
            &["_os_keypairs_get_one.json"],
            Compute,
            "os-keypairs/test-key-pair",
            "keypair",
            "1234/test-key-pair",
        )
    },
    list(Kind::Image, &["_images_v2.json", "_images_v2_page2.json"], Image, "images", "images"),
    // Its link to the next page has no marker.
    list(Kind::Image, &["_images_v2_invalid_next.json", "_images_v2_page2.json"], Image, "images", "images"),
    one(
        Kind::Image,
        &["_images_f24a3c1b-d52a-4116-91da-25b3eee8f55d.json"],
        Image,
        "images/4949f9ee-2421-4c81-8b49-13119446008b",
        "",
        "4949f9ee-2421-4c81-8b49-13119446008b",
    ),
    one(
        Kind::Image,
        &["_images_f24a3c1b-d52a-4116-91da-25b3eee8f55e.json"],
        Image,
        "images/f24a3c1b-d52a-4116-91da-25b3eee8f55e",
        "",
        "f24a3c1b-d52a-4116-91da-25b3eee8f55e",
    ),
    list(Kind::Volume, &["_v2_0__volumes.json"], Volume, "volumes/detail", "volumes"),
    one(
        Kind::Volume,
        &["_v2_0__volume.json"],
        Volume,
        "volumes/cd76a3a1-c4ce-40f6-9b9f-07a61508938d",
        "volume",
        "cd76a3a1-c4ce-40f6-9b9f-07a61508938d",
    ),
    one(
        Kind::VolumeSnapshot,
        &["_v2_0__snapshot.json"],
        Volume,
        "snapshots/3fbbcccf-d058-4502-8844-6feeffdf4cb5",
        "snapshot",
        "3fbbcccf-d058-4502-8844-6feeffdf4cb5",
    ),
    // Recorded by an administrator; one network belongs to another project.
    Recording {
        project: "4fd44f30292945e481c7b8a0c8908869",
        ..list(Kind::Network, &["_v2_0__networks.json"], Network, "networks", "networks")
    },
    one(
        Kind::Network,
        &["_v2_0__network.json"],
        Network,
        "networks/cc2dad14-827a-feea-416b-f13e50511a0a",
        "network",
        "cc2dad14-827a-feea-416b-f13e50511a0a",
    ),
    one(
        Kind::Network,
        &["_v2_0__network_no_tags.json"],
        Network,
        "networks/e4e207ac-6707-432b-82b9-244f6859c394",
        "network",
        "e4e207ac-6707-432b-82b9-244f6859c394",
    ),
    Recording {
        project: "26a7980765d0414dbc1fc1f88cdb7e6e",
        ..list(Kind::Subnet, &["_v2_0__subnets.json"], Network, "subnets", "subnets")
    },
    one(
        Kind::Subnet,
        &["_v2_0__subnet.json"],
        Network,
        "subnets/08eae331-0402-425a-923c-34f7cfe39c1b",
        "subnet",
        "08eae331-0402-425a-923c-34f7cfe39c1b",
    ),
    list(Kind::NetworkInterface, &["_ports_v2.json"], Network, "ports", "ports"),
    one(
        Kind::NetworkInterface,
        &["_port_v2.json"],
        Network,
        "ports/126da55e-cfcb-41c8-ae39-a26cb8a7e723",
        "port",
        "126da55e-cfcb-41c8-ae39-a26cb8a7e723",
    ),
    list(Kind::Router, &["_v2_0__routers.json"], Network, "routers", "routers"),
    one(
        Kind::Router,
        &["_v2_0__router.json"],
        Network,
        "routers/f8a44de0-fc8e-45df-93c7-f79bf3b01c95",
        "router",
        "f8a44de0-fc8e-45df-93c7-f79bf3b01c95",
    ),
    list(Kind::IpAddress, &["_v2_0__floatingips_ip_id.json"], Network, "floatingips", "floatingips"),
    one(
        Kind::IpAddress,
        &["_v2_0__floatingip.json"],
        Network,
        "floatingips/09ea1784-2f81-46dc-8c91-244b4df75bde",
        "floatingip",
        "09ea1784-2f81-46dc-8c91-244b4df75bde",
    ),
    list(Kind::IpAddressBinding, &["_v2_0__floatingips_ip_id.json"], Network, "floatingips", "floatingips"),
    quotas(&["_v2_0__quota_set.json"], Compute, "os-quota-sets/fake_tenant/detail", "quota_set"),
    quotas(&["_v3_0__volume_quota.json"], Volume, "os-quota-sets/fake_tenant", "quota_set"),
    quotas(&["_v2_0__network_quota.json"], Network, "quotas/fake_tenant/details.json", "quota"),
];

const fn quotas(
    documents: &'static [&'static str],
    service: Service,
    path: &'static str,
    key: &'static str,
) -> Recording {
    Recording {
        kind: Kind::Quota,
        documents,
        service,
        path,
        answer: Answer::Quotas { key },
        project: "fake_tenant",
        user: "u1",
    }
}

const NUMBERED: &str = "ids are numbers: of a version before ids were texts";
const TWICE: &str = "written by hand: two have the same id";
const NO_SUCH_DAY: &str = "written by hand: there was no 29th of February in 2013";

/// Answers of a form that the driver's calls have, which no cloud of a supported version gives.
pub(crate) const REFUSED: &[(Recording, &str)] = &[
    (list(Kind::Instance, &["_servers_detail.json"], Compute, SERVERS, "servers"), NUMBERED),
    (one(Kind::Instance, &["_servers_12064.json"], Compute, "servers/12064", "server", "12064"), NUMBERED),
    (
        one(Kind::Instance, &["_servers_12064247.json"], Compute, "servers/12064247", "server", "12064247"),
        NUMBERED,
    ),
    (list(Kind::InstanceType, &["_flavors_detail.json"], Compute, "flavors/detail", "flavors"), NUMBERED),
    (one(Kind::InstanceType, &["_flavors_7.json"], Compute, "flavors/7", "flavor", "7"), NUMBERED),
    (
        list(Kind::VolumeSnapshot, &["_v2_0__snapshots.json"], Volume, "snapshots/detail", "snapshots"),
        NO_SUCH_DAY,
    ),
    (
        list(
            Kind::VolumeSnapshot,
            &["_v2_0__snapshots_paginate_start.json"],
            Volume,
            "snapshots/detail",
            "snapshots",
        ),
        NO_SUCH_DAY,
    ),
    (list(Kind::Network, &["_v2_0__networks_public.json"], Network, "networks", "networks"), TWICE),
    (list(Kind::IpAddress, &["_v2_0__floatingips.json"], Network, "floatingips", "floatingips"), TWICE),
    (
        list(Kind::IpAddress, &["_v2_0__floatingips_net_id.json"], Network, "floatingips", "floatingips"),
        TWICE,
    ),
    (
        list(
            Kind::SecurityGroup,
            &["_v2_0__security_groups.json"],
            Network,
            "security-groups",
            "security_groups",
        ),
        NUMBERED,
    ),
    (
        one(
            Kind::SecurityGroup,
            &["_v2_0__security_group.json"],
            Network,
            "security-groups/6",
            "security_group",
            "6",
        ),
        NUMBERED,
    ),
    (
        one(
            Kind::SecurityGroupRule,
            &["_v2_0__security_group_rule.json"],
            Network,
            "security-group-rules/2",
            "security_group_rule",
            "2",
        ),
        NUMBERED,
    ),
];
