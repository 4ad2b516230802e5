use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::kind::{Datacenter, DatacenterState};
use serde::Deserialize;
use serde_json::Value;

use super::document::{Common, read, service};
use super::state;

#[derive(Deserialize)]
struct Wire {
    service: String,
    sort: String,
    notices: Vec<String>,
}

pub(super) fn observe(common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Datacenter {
        service: Some(service(&wire.service)),
        zone_type: Some(wire.sort),
        zone_id: None,
        messages: wire.notices,
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::DATACENTER, &common.status, DatacenterState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
