//! The table of kinds. A new kind is one file in `kinds/` and one line here.

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{Capability, KindCapability};
use gateway_core::kind::VerbSupport;
use gateway_core::marker::{MARKER_KEY, Marker};
use gateway_core::{Kind, Result};
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read};
use crate::error::{unsupported_listing, wrong_document};
use crate::kinds::{
    datacenter, image, instance, instance_type, ip_address, ip_address_binding, network, network_interface,
    quota, router, security_group, security_group_rule, ssh_key, subnet, volume, volume_attachment,
    volume_snapshot, volume_type,
};

/// Descriptors of all kinds.
static ALL: [&Descriptor; 18] = [
    &instance::KIND,
    &instance_type::KIND,
    &image::KIND,
    &volume::KIND,
    &volume_type::KIND,
    &volume_snapshot::KIND,
    &volume_attachment::KIND,
    &network::KIND,
    &subnet::KIND,
    &network_interface::KIND,
    &router::KIND,
    &ip_address::KIND,
    &ip_address_binding::KIND,
    &security_group::KIND,
    &security_group_rule::KIND,
    &ssh_key::KIND,
    &datacenter::KIND,
    &quota::KIND,
];

/// Capabilities of all kinds.
static KINDS: [KindCapability; 18] = {
    let mut kinds = [ALL[0].capability(); 18];
    let mut at = 1;
    while at < kinds.len() {
        kinds[at] = ALL[at].capability();
        at += 1;
    }
    kinds
};

/// Verbs of all kinds that have some.
static COMMANDS: [(Kind, &[VerbSupport]); 15] = {
    let mut commands: [(Kind, &[VerbSupport]); 15] = [(Kind::Instance, &[]); 15];
    let (mut from, mut to) = (0, 0);
    while from < ALL.len() {
        if !ALL[from].commands.is_empty() {
            commands[to] = (ALL[from].kind, ALL[from].commands);
            to += 1;
        }
        from += 1;
    }
    assert!(to == commands.len(), "the length of COMMANDS is the number of kinds with commands");
    commands
};

/// Capability of the driver.
pub(crate) static CAPABILITY: Capability =
    Capability { kinds: &KINDS, verbs: &COMMANDS, credentials: &["access_key"] };

/// Returns the descriptor of a kind.
///
/// # Errors
/// `Unsupported` if the cloud does not have the kind.
pub(crate) fn descriptor(kind: Kind) -> Result<&'static Descriptor> {
    let found = ALL.iter().copied().find(|descriptor| descriptor.kind == kind);
    found.ok_or_else(|| unsupported_listing(kind))
}

/// Maps a document to its canonical form.
///
/// # Errors
/// `WrongDocument` if the document is not one of the kind.
pub(crate) fn observe(context: &Context<'_>, kind: Kind, raw: Value) -> Result<Observed> {
    let common: Common = read(&raw)?;
    if common.kind != kind.as_str() {
        return Err(wrong_document(format!("the document is of kind {:?}", common.kind)));
    }
    let mut observed = (descriptor(kind)?.observe)(context, &common, raw)?;
    observed.owner = common.owner;
    if common.public {
        observed.visibility = Visibility::Public;
    }
    observed.created_at = common.created;
    observed.updated_at = common.changed;
    observed.tags = common.labels;
    // A label of that name without a valid marker belongs to its owner.
    observed.marker = observed.tags.get(MARKER_KEY).and_then(|text| Marker::parse(text));
    if observed.marker.is_some() {
        observed.tags.remove(MARKER_KEY);
    }
    Ok(observed)
}
