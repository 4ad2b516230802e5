//! Finding again what a step made, whose answer was lost.

use driver_kit::find_marked;
use gateway_core::driver::{Session, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{
    Canonical as _, Command, CreateIpAddressBinding, CreateVolumeAttachment, Image, IpAddress,
    IpAddressBinding, Verb, VolumeAttachment,
};
use gateway_core::{Error, Result};
use serde_json::Value;

use super::{key_of, reference, touched};

/// By the marker, or where there is no place for one by what there is one of at most.
///
/// # Errors
/// What the cloud answered; unsupported, when the step makes nothing.
pub(crate) async fn find(
    session: &(impl Session + ?Sized),
    region: &Region,
    step: &Step<'_>,
) -> Result<Option<Touched>> {
    match (step.verb, step.command) {
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            find_attachment(session, region, step, command).await
        }
        (Verb::Create, Command::CreateIpAddressBinding(command)) => {
            find_binding(session, region, step, command).await
        }
        (Verb::Create, _) => find_marked(session, region, step.kind, step.marker).await,
        (Verb::CreateImage, _) => find_marked(session, region, Image::KIND, step.marker).await,
        _ => Err(step.unsupported()),
    }
}

async fn find_attachment(
    session: &(impl Session + ?Sized),
    region: &Region,
    step: &Step<'_>,
    command: &CreateVolumeAttachment,
) -> Result<Option<Touched>> {
    let key = format!("{}/{}", key_of(step, command.volume)?, key_of(step, command.instance)?);
    let seen = session.get(region, VolumeAttachment::KIND, &key).await?;
    Ok(seen.filter(|seen| seen.state != Some("detached")).map(|_| touched::<VolumeAttachment>(key)))
}

/// The address's own document names its binding and where it leads.
async fn find_binding(
    session: &(impl Session + ?Sized),
    region: &Region,
    step: &Step<'_>,
    command: &CreateIpAddressBinding,
) -> Result<Option<Touched>> {
    let (field, end) = match (command.network_interface, command.instance) {
        (Some(interface), _) => ("network_interface", interface),
        (None, Some(instance)) => ("instance", instance),
        (None, None) => return Err(Error::internal("a binding leads somewhere")),
    };
    let end = key_of(step, end)?;
    let address = session.get(region, IpAddress::KIND, key_of(step, command.address)?).await?;
    let Some(address) = address.filter(|address| reference(&address.fields, field) == Some(end)) else {
        return Ok(None);
    };
    let binding = address.raw.get("associationId").and_then(Value::as_str).filter(|id| !id.is_empty());
    Ok(binding.map(touched::<IpAddressBinding>))
}
