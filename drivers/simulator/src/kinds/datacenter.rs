//! Datacenters as each service knows them.

use gateway_core::document::observation::Observed;
use gateway_core::kind::{Datacenter, DatacenterState};
use gateway_core::{Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::{Common, Context, read, service};
use crate::state;

/// Datacenters as each service knows them.
pub(crate) static KIND: Descriptor =
    Descriptor { published: true, says_state: true, ..Descriptor::new(Kind::Datacenter, observe) };

#[derive(Deserialize)]
struct Wire {
    service: String,
    #[serde(rename = "type")]
    zone_type: String,
    notices: Vec<String>,
}

fn observe(_: &Context<'_>, common: &Common, raw: Value) -> Result<Observed> {
    let wire: Wire = read(&raw)?;
    let fields = Datacenter {
        service: Some(service(&wire.service)),
        zone_type: Some(wire.zone_type),
        zone_id: None,
        messages: wire.notices,
    };
    let observed = Observed::new(&common.id, &common.name, &fields, raw)?;
    let state = state::of(state::DATACENTER, &common.status, DatacenterState::Unknown);
    Ok(observed.with_state(state, &common.status))
}
