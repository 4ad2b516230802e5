//! Search for the resource that an earlier attempt has created.

use driver_kit::find_marked;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Session, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{Command, Verb};
use gateway_core::{Kind, Result};

use super::volume_attachment::native_key;

/// Returns the resource that an earlier attempt of a step has created.
pub(crate) async fn find(
    session: &impl Session,
    region: &Region,
    step: &Step<'_>,
) -> Result<Option<Touched>> {
    match (step.verb, step.command) {
        // Volume and instance have one attachment at most.
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            let (volume, instance) = (step.named.get(command.volume)?, step.named.get(command.instance)?);
            let key = native_key(&volume.external_id, &instance.external_id);
            let found = session.get(region, Kind::VolumeAttachment, &key).await?;
            Ok(found.map(|found| Touched::new(found.kind, found.native_key)))
        }
        // The id of a binding has the number of its address.
        (Verb::Create, Command::CreateIpAddressBinding(command)) => {
            let address = step.named.get(command.address)?;
            let wanted = command.network_interface.or(command.instance);
            let wanted = wanted.map(|id| step.named.get(id)).transpose()?.map(|known| &known.external_id);
            let key = binding_of(&address.external_id);
            let found = session.get(region, Kind::IpAddressBinding, &key).await?;
            let ends = |found: &Observed| {
                let ends = ["network_interface", "instance"].into_iter();
                ends.filter_map(|end| found.fields.get(end)?["external_id"].as_str().map(str::to_owned))
                    .any(|end| Some(&end) == wanted)
            };
            Ok(found.filter(ends).map(|found| Touched::new(found.kind, found.native_key)))
        }
        (Verb::Create, _) => find_marked(session, region, step.kind, step.marker).await,
        (Verb::CreateImage, _) => find_marked(session, region, Kind::Image, step.marker).await,
        _ => Err(step.unsupported()),
    }
}

/// Returns the id of the binding of an address.
fn binding_of(address: &str) -> String {
    let number = address.split_once('-').map_or(address, |(_, number)| number);
    format!("b-{number}")
}
