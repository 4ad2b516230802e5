//! Commands of clients: creation, update, deletion, and the commands of each kind.
//!
//! They work on the tables alone and know no HTTP but the status of a refusal.

pub(crate) mod body;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod image;
pub(crate) mod image_command;
pub(crate) mod instance;
pub(crate) mod instance_command;
pub(crate) mod ip_address;
pub(crate) mod metadata;
pub(crate) mod network;
pub(crate) mod network_interface;
pub(crate) mod reference;
pub(crate) mod router_command;
pub(crate) mod security_group;
pub(crate) mod ssh_key;
pub(crate) mod update;
pub(crate) mod volume;
pub(crate) mod volume_command;
