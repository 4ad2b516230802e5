//! What can be done to the kinds of this cloud. `docs.md` has the same table; a test compares them.

use gateway_core::Kind;
use gateway_core::kind::{
    Canonical, Image, Instance, IpAddress, IpAddressBinding, Network, NetworkInterface, Quota, Router,
    SecurityGroup, SecurityGroupRule, SshKey, Subnet, Verb, VerbSupport, Volume, VolumeAttachment,
    VolumeSnapshot, When,
};

/// As the kind has it.
const fn can(verb: Verb) -> VerbSupport {
    VerbSupport::new(verb)
}

/// Of what its owner writes about, and no more.
const WRITTEN: &[VerbSupport] = &[can(Verb::Create), can(Verb::Update), can(Verb::Delete)];

pub(super) const VERBS: &[(Kind, &[VerbSupport])] = &[
    (
        Instance::KIND,
        &[
            can(Verb::Create),
            can(Verb::Update),
            can(Verb::Delete),
            can(Verb::Start),
            // What failed has nothing that could be shut down or taken up again.
            can(Verb::Stop).only(When::In(&["running"])),
            can(Verb::Reboot).only(When::In(&["running"])),
            can(Verb::Pause),
            can(Verb::Unpause),
            can(Verb::Suspend),
            can(Verb::Resume),
            can(Verb::Shelve),
            can(Verb::Unshelve),
            can(Verb::Lock),
            can(Verb::Unlock),
            can(Verb::Resize),
            can(Verb::ConfirmResize),
            can(Verb::RevertResize),
            can(Verb::Rebuild),
            can(Verb::CreateImage),
            can(Verb::ConsoleOutput),
        ],
    ),
    (
        Image::KIND,
        &[
            can(Verb::Create),
            can(Verb::Update),
            can(Verb::Delete),
            can(Verb::Share),
            can(Verb::Unshare),
            can(Verb::Upload),
        ],
    ),
    (Volume::KIND, &[can(Verb::Create), can(Verb::Update), can(Verb::Extend), can(Verb::Delete)]),
    (VolumeAttachment::KIND, &[can(Verb::Create), can(Verb::Delete)]),
    (Network::KIND, WRITTEN),
    (Subnet::KIND, WRITTEN),
    (NetworkInterface::KIND, WRITTEN),
    (
        Router::KIND,
        &[
            can(Verb::Create),
            can(Verb::Update),
            can(Verb::Delete),
            can(Verb::AddInterface),
            can(Verb::RemoveInterface),
            can(Verb::SetGateway),
            can(Verb::ClearGateway),
        ],
    ),
    (IpAddress::KIND, WRITTEN),
    (IpAddressBinding::KIND, &[can(Verb::Create), can(Verb::Delete)]),
    (SecurityGroup::KIND, WRITTEN),
    (SecurityGroupRule::KIND, &[can(Verb::Create), can(Verb::Delete)]),
    (SshKey::KIND, &[can(Verb::Create), can(Verb::Delete)]),
    (Quota::KIND, &[can(Verb::Update)]),
    (VolumeSnapshot::KIND, WRITTEN),
];
