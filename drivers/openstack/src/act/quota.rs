//! Limits, as each service keeps its own.

use gateway_core::driver::Done;
use gateway_core::error::Result;
use gateway_core::verb::Can;

use super::Act;

pub(super) const QUOTA: &[Can] = &[];

pub(super) async fn act(act: &Act<'_>) -> Result<Done> {
    Err(act.step.unsupported())
}
