//! What can be done at EC2, kind by kind.

use gateway_core::Kind;
use gateway_core::kind::{
    Canonical as _, Image, Instance, IpAddress, IpAddressBinding, Network, NetworkInterface, Router,
    SecurityGroup, SecurityGroupRule, SshKey, Subnet, Verb, VerbSupport, Volume, VolumeAttachment,
    VolumeSnapshot, When,
};

const fn can(verb: Verb) -> VerbSupport {
    VerbSupport::new(verb)
}

const CREATE: VerbSupport = can(Verb::Create);
const UPDATE: VerbSupport = can(Verb::Update);
const DELETE: VerbSupport = can(Verb::Delete);

/// EC2 has no pause, suspension, shelf, lock or rebuild, and images come in by services of their own.
pub(crate) static VERBS: &[(Kind, &[VerbSupport])] = &[
    (
        Instance::KIND,
        &[
            CREATE,
            UPDATE,
            DELETE,
            can(Verb::Start),
            can(Verb::Stop),
            can(Verb::Reboot),
            can(Verb::Resize).only(When::In(&["stopped"])),
            can(Verb::CreateImage).only(When::In(&["running", "stopped"])),
            can(Verb::ConsoleOutput),
        ],
    ),
    (Volume::KIND, &[CREATE, UPDATE, DELETE, can(Verb::Extend)]),
    (VolumeAttachment::KIND, &[CREATE, DELETE]),
    (VolumeSnapshot::KIND, &[CREATE, UPDATE, DELETE]),
    (Image::KIND, &[UPDATE, DELETE, can(Verb::Share), can(Verb::Unshare)]),
    (Network::KIND, &[CREATE, UPDATE, DELETE]),
    (Subnet::KIND, &[CREATE, UPDATE, DELETE]),
    (NetworkInterface::KIND, &[CREATE, UPDATE, DELETE.only(When::In(&["inactive"]))]),
    (
        Router::KIND,
        &[
            CREATE,
            UPDATE,
            DELETE,
            can(Verb::AddInterface),
            can(Verb::RemoveInterface),
            can(Verb::SetGateway),
            can(Verb::ClearGateway),
        ],
    ),
    (IpAddress::KIND, &[CREATE, UPDATE, DELETE.only(When::In(&["available"]))]),
    (IpAddressBinding::KIND, &[CREATE, DELETE]),
    (SecurityGroup::KIND, &[CREATE, UPDATE, DELETE]),
    (SecurityGroupRule::KIND, &[CREATE, DELETE]),
    (SshKey::KIND, &[CREATE, DELETE]),
];
