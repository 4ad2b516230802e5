//! What Neutron does.

use gateway_core::driver::{Done, Step, Touched};
use gateway_core::error::Result;
use gateway_core::order::Fault;
use gateway_core::verb::Can;

use super::Act;
use crate::session::OpenStackSession;

pub(super) const NETWORK: &[Can] = &[];
pub(super) const SUBNET: &[Can] = &[];
pub(super) const NETWORK_INTERFACE: &[Can] = &[];
pub(super) const ROUTER: &[Can] = &[];
pub(super) const IP_ADDRESS: &[Can] = &[];
pub(super) const IP_ADDRESS_BINDING: &[Can] = &[];
pub(super) const SECURITY_GROUP: &[Can] = &[];
pub(super) const SECURITY_GROUP_RULE: &[Can] = &[];

pub(super) fn faults(_step: &Step<'_>) -> Vec<Fault> {
    Vec::new()
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    Err(act.step.unsupported())
}

pub(super) async fn find(act: &Act<'_>, _session: &OpenStackSession) -> Result<Option<Touched>> {
    Err(act.step.unsupported())
}
