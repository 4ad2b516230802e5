//! The wire files: one per kind, with its fields, its states and its place in the registry.
//!
//! A new kind is one new file here, one line in [`ALL`], and a mapping in each driver that has it.

mod datacenter;
mod image;
mod instance;
mod instance_type;
mod ip_address;
mod ip_address_binding;
mod network;
mod network_interface;
mod quota;
mod reference;
mod router;
mod security_group;
mod security_group_rule;
mod ssh_key;
mod subnet;
mod volume;
mod volume_attachment;
mod volume_snapshot;
mod volume_type;

pub use datacenter::{Datacenter, DatacenterState};
pub use image::{Image, ImageState};
pub use instance::{Instance, InstanceState};
pub use instance_type::InstanceType;
pub use ip_address::{IpAddress, IpAddressState};
pub use ip_address_binding::IpAddressBinding;
pub use network::{Network, NetworkState};
pub use network_interface::{NetworkInterface, NetworkInterfaceState};
pub use quota::Quota;
pub use reference::{InterfaceAddress, Reference, Route};
pub use router::{Router, RouterInterface, RouterState};
pub use security_group::SecurityGroup;
pub use security_group_rule::{Direction, SecurityGroupRule};
pub use ssh_key::SshKey;
pub use subnet::{AddressRange, Subnet};
pub use volume::{AttachmentPoint, Volume, VolumeState};
pub use volume_attachment::{VolumeAttachment, VolumeAttachmentState};
pub use volume_snapshot::{VolumeSnapshot, VolumeSnapshotState};
pub use volume_type::VolumeType;

use crate::kind::KindSpec;

/// Every kind, in the order of documents.
pub static ALL: &[&KindSpec] = &[
    &instance::SPEC,
    &instance_type::SPEC,
    &image::SPEC,
    &volume::SPEC,
    &volume_type::SPEC,
    &volume_snapshot::SPEC,
    &volume_attachment::SPEC,
    &network::SPEC,
    &subnet::SPEC,
    &network_interface::SPEC,
    &router::SPEC,
    &ip_address::SPEC,
    &ip_address_binding::SPEC,
    &security_group::SPEC,
    &security_group_rule::SPEC,
    &ssh_key::SPEC,
    &datacenter::SPEC,
    &quota::SPEC,
];

/// Declares a kind's states as an enum and as the transition table of its [`KindSpec`].
macro_rules! states {
    ($(#[$doc:meta])* $name:ident of $kind:expr; $($(#[$vdoc:meta])* $variant:ident = $word:literal $(($flag:ident))? -> [$($next:literal),*]),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            pub(crate) const TABLE: &'static [crate::kind::StateSpec] = &[$(crate::kind::StateSpec {
                name: $word,
                transitional: states!(@flag $($flag)?),
                next: &[$($next),*],
            }),+];
        }

        impl crate::kind::State for $name {
            const KIND: crate::kind::Kind = $kind;
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
    (@flag moving) => { true };
    (@flag) => { false };
}
pub(crate) use states;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_that_a_table_names_is_in_it() {
        for spec in ALL {
            for state in spec.states {
                for next in state.next {
                    assert!(spec.state(next).is_some(), "{}: {} -> {next}", spec.kind, state.name);
                }
            }
        }
    }

    #[test]
    fn relations_lead_to_kinds_and_links_have_one_meaning() {
        for spec in ALL {
            let mut links: Vec<_> = spec.relations.iter().map(crate::kind::Relation::link).collect();
            for from in ALL {
                let to_here = from.relations.iter().filter(|relation| relation.to() == spec.kind);
                links.extend(to_here.map(|relation| relation.inverse));
            }
            let count = links.len();
            links.extend(["self", "related"]);
            links.sort_unstable();
            links.dedup();
            assert_eq!(links.len(), count + 2, "{}: {links:?}", spec.kind);
            assert!(spec.relations.iter().all(|relation| relation.to().is_registered()), "{}", spec.kind);
        }
    }

    #[test]
    fn filters_are_fields() {
        for spec in ALL {
            let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
            let paths = spec.relations.iter().map(|relation| relation.path[0]);
            for field in spec.filters.iter().copied().chain(paths) {
                assert!(schema["properties"][field].is_object(), "{}: {field}", spec.kind);
            }
        }
    }

    #[test]
    fn names_are_unique_and_fit_routing_keys() {
        let mut names: Vec<_> = ALL.iter().flat_map(|spec| [spec.kind.as_str(), spec.plural]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len() * 2);
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
