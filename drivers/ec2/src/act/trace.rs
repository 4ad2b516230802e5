//! By what the thing that a step made is found again.

use gateway_core::driver::{Step, Touched};
use gateway_core::kind::{Canonical as _, Kind};
use gateway_core::kinds::{Image, IpAddress, IpAddressBinding, VolumeAttachment};
use gateway_core::observation::Observed;
use gateway_core::order::Order;
use gateway_core::verb::Verb;
use gateway_core::{Error, Result};
use serde_json::Value;

use super::{external_id, key_of};

/// What to look for.
#[derive(Debug)]
pub(crate) enum Trace {
    /// One of the kind with the step's marker.
    Marked(Kind),
    /// The one with this key, which follows from the order.
    Attachment(String),
    /// The one of this address, if it leads to where the order says.
    Binding { address: String, field: &'static str, end: String },
}

/// What a step that makes something leaves.
///
/// # Errors
/// Unsupported, when the step makes nothing.
pub(crate) fn trace(step: &Step<'_>) -> Result<Trace> {
    Ok(match (step.verb, step.order) {
        (Verb::CreateImage, _) => Trace::Marked(Image::KIND),
        (Verb::Create, Order::CreateVolumeAttachment(order)) => {
            let (volume, instance) = (key_of(step, order.volume)?, key_of(step, order.instance)?);
            Trace::Attachment(format!("{volume}/{instance}"))
        }
        (Verb::Create, Order::CreateIpAddressBinding(order)) => {
            let (field, end) = match (order.network_interface, order.instance) {
                (Some(interface), _) => ("network_interface", key_of(step, interface)?),
                (None, Some(instance)) => ("instance", key_of(step, instance)?),
                (None, None) => return Err(Error::internal("a binding leads somewhere")),
            };
            let address = key_of(step, order.address)?.to_owned();
            Trace::Binding { address, field, end: end.to_owned() }
        }
        (Verb::Create, _) => Trace::Marked(step.kind),
        _ => return Err(step.unsupported()),
    })
}

impl Trace {
    /// The thing itself, in the document where the trace ends.
    pub(crate) fn read(&self, observed: &Observed) -> Option<Touched> {
        match self {
            Self::Marked(_) => None,
            Self::Attachment(_) => (observed.state != Some("detached"))
                .then(|| Touched::new(VolumeAttachment::KIND, &observed.native_key)),
            Self::Binding { field, end, .. } => {
                let leads = observed.fields.get(*field).and_then(external_id) == Some(end);
                let binding = observed.raw.get("associationId").and_then(Value::as_str);
                binding
                    .filter(|id| leads && !id.is_empty())
                    .map(|id| Touched::new(IpAddressBinding::KIND, id))
            }
        }
    }

    /// The resource in whose document the trace ends.
    pub(crate) fn document(&self) -> Option<(Kind, &str)> {
        match self {
            Self::Marked(_) => None,
            Self::Attachment(key) => Some((VolumeAttachment::KIND, key)),
            Self::Binding { address, .. } => Some((IpAddress::KIND, address)),
        }
    }
}
