//! The table of descriptors: one line per kind.

use gateway_core::driver::KindCapability;
use gateway_core::kind::VerbSupport;
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::descriptor::Descriptor;
use crate::kinds;

/// Every kind that EC2 has, in the order of documents.
pub(crate) const ALL: [&Descriptor; 17] = [
    &kinds::instance::KIND,
    &kinds::instance_type::KIND,
    &kinds::image::KIND,
    &kinds::volume::KIND,
    &kinds::volume_snapshot::KIND,
    &kinds::volume_attachment::KIND,
    &kinds::network::KIND,
    &kinds::subnet::KIND,
    &kinds::network_interface::KIND,
    &kinds::router::KIND,
    &kinds::ip_address::KIND,
    &kinds::ip_address_binding::KIND,
    &kinds::security_group::KIND,
    &kinds::security_group_rule::KIND,
    &kinds::ssh_key::KIND,
    &kinds::datacenter::KIND,
    &kinds::quota::KIND,
];

/// Capabilities of the kinds.
pub(crate) static CAPABILITIES: [KindCapability; ALL.len()] = {
    let mut capabilities = [ALL[0].capability; ALL.len()];
    let mut at = 1;
    while at < ALL.len() {
        capabilities[at] = ALL[at].capability;
        at += 1;
    }
    capabilities
};

/// The number of kinds with verbs.
const WITH_VERBS: usize = {
    let (mut count, mut at) = (0, 0);
    while at < ALL.len() {
        count += !ALL[at].verbs.is_empty() as usize;
        at += 1;
    }
    count
};

/// Verbs of the kinds that have some.
pub(crate) static VERBS: [(Kind, &[VerbSupport]); WITH_VERBS] = {
    let mut verbs = [(ALL[0].capability.kind, ALL[0].verbs); WITH_VERBS];
    let (mut count, mut at) = (0, 0);
    while at < ALL.len() {
        if !ALL[at].verbs.is_empty() {
            verbs[count] = (ALL[at].capability.kind, ALL[at].verbs);
            count += 1;
        }
        at += 1;
    }
    verbs
};

/// Returns the descriptor of a kind.
///
/// # Errors
/// Unsupported, when EC2 has no such kind.
pub(crate) fn descriptor(kind: Kind) -> Result<&'static Descriptor> {
    ALL.into_iter()
        .find(|descriptor| descriptor.capability.kind == kind)
        .ok_or_else(|| Error::new(ErrorKind::Unsupported, format!("EC2 has no `{kind}`")))
}
