//! Kinds: resource types as data.
//!
//! One file per kind holds its fields, states, relations and commands; [`registry`] lists them. Store, poller,
//! bus, events and API are generic over that list. The imports go one way: `name`, then the parts of a
//! description, then the kinds, then `command` and `registry`.

mod body;
mod column;
mod command;
mod datacenter;
mod documents;
mod identity;
mod image;
mod instance;
mod instance_type;
mod ip_address;
mod ip_address_binding;
mod list_limit;
mod name;
mod named;
mod network;
mod network_interface;
mod quota;
mod reference;
mod registry;
mod relation;
mod router;
mod security_group;
mod security_group_rule;
mod spec;
mod ssh_key;
mod state;
mod subnet;
mod update;
mod verb;
mod volume;
mod volume_attachment;
mod volume_snapshot;
mod volume_type;

pub use body::{FieldError, Schemas};
pub use column::Column;
pub use command::Command;
pub use datacenter::{Datacenter, DatacenterState};
pub use documents::Documents;
pub use image::{CreateImage, Image, ImageState, ShareImage};
pub use instance::{
    BootVolume, CreateInstance, ImageOfInstance, Instance, InstanceState, Reboot, Rebuild, Resize,
};
pub use instance_type::InstanceType;
pub use ip_address::{CreateIpAddress, IpAddress, IpAddressState};
pub use ip_address_binding::{CreateIpAddressBinding, IpAddressBinding};
pub use list_limit::ListLimit;
pub use name::Kind;
pub use named::Named;
pub use network::{CreateNetwork, Network, NetworkState};
pub use network_interface::{
    CreateNetworkInterface, FixedAddress, NetworkInterface, NetworkInterfaceState, UpdateNetworkInterface,
};
pub use quota::{Quota, UpdateQuota};
pub use reference::{InterfaceAddress, Reference, Route};
pub use registry::ALL;
pub use relation::Relation;
pub use router::{CreateRouter, Router, RouterGateway, RouterInterface, RouterState, RouterSubnet};
pub use security_group::{CreateSecurityGroup, SecurityGroup};
pub use security_group_rule::{CreateSecurityGroupRule, Direction, SecurityGroupRule};
pub use spec::{Canonical, KindSpec};
pub use ssh_key::{CreateSshKey, SshKey};
pub use state::{State, StateSpec};
pub use subnet::{AddressRange, CreateSubnet, Subnet};
pub use update::Update;
pub use verb::{Repeat, Verb, VerbSpec, VerbSupport, When};
pub use volume::{AttachmentPoint, CreateVolume, Extend, Volume, VolumeState};
pub use volume_attachment::{CreateVolumeAttachment, VolumeAttachment, VolumeAttachmentState};
pub use volume_snapshot::{CreateVolumeSnapshot, VolumeSnapshot, VolumeSnapshotState};
pub use volume_type::VolumeType;
