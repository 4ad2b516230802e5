//! Finding what an earlier try has made.

use driver_kit::find_marked;
use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Session, Step, Touched};
use gateway_core::id::Region;
use gateway_core::kind::{Canonical, Command, Image, IpAddressBinding, Verb, VolumeAttachment};

use super::volume::key;

pub(in super::super) async fn find(
    session: &impl Session,
    region: &Region,
    step: &Step<'_>,
) -> Result<Option<Touched>> {
    match (step.verb, step.command) {
        // An attachment is what it joins: there is one at most.
        (Verb::Create, Command::CreateVolumeAttachment(command)) => {
            let (volume, instance) = (step.named.get(command.volume)?, step.named.get(command.instance)?);
            let key = key(&volume.external_id, &instance.external_id);
            let found = session.get(region, VolumeAttachment::KIND, &key).await?;
            Ok(found.map(|found| Touched::new(found.kind, found.native_key)))
        }
        // The binding of an address has the address's number.
        (Verb::Create, Command::CreateIpAddressBinding(command)) => {
            let address = step.named.get(command.address)?;
            let wanted = command.network_interface.or(command.instance);
            let wanted = wanted.map(|id| step.named.get(id)).transpose()?.map(|known| &known.external_id);
            let key = binding_of(&address.external_id);
            let found = session.get(region, IpAddressBinding::KIND, &key).await?;
            let ends = |found: &Observed| {
                let ends = ["network_interface", "instance"].into_iter();
                ends.filter_map(|end| found.fields.get(end)?["external_id"].as_str().map(str::to_owned))
                    .any(|end| Some(&end) == wanted)
            };
            Ok(found.filter(ends).map(|found| Touched::new(found.kind, found.native_key)))
        }
        (Verb::Create, _) => find_marked(session, region, step.kind, step.marker).await,
        (Verb::CreateImage, _) => find_marked(session, region, Image::KIND, step.marker).await,
        _ => Err(step.unsupported()),
    }
}

/// The id of the binding of an address.
fn binding_of(address: &str) -> String {
    let number = address.split_once('-').map_or(address, |(_, number)| number);
    format!("b-{number}")
}
