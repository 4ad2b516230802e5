//! The kinds: each file has the descriptor of one kind, and the mapping of its document.

pub(crate) mod datacenter;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod instance_type;
pub(crate) mod ip_address;
pub(crate) mod ip_address_binding;
pub(crate) mod network;
pub(crate) mod network_interface;
mod neutron;
pub(crate) mod quota;
pub(crate) mod router;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod ssh_key;
pub(crate) mod subnet;
pub(crate) mod volume;
pub(crate) mod volume_attachment;
pub(crate) mod volume_snapshot;
pub(crate) mod volume_type;
