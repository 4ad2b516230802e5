//! What Glance does.

use gateway_core::driver::{Done, Step};
use gateway_core::error::Result;
use gateway_core::order::Fault;
use gateway_core::verb::Can;

use super::Act;

pub(super) const IMAGE: &[Can] = &[];

pub(super) fn faults(_step: &Step<'_>) -> Vec<Fault> {
    Vec::new()
}

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    Err(act.step.unsupported())
}
