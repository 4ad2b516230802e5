//! Finding what an earlier try has made.

use driver_kit::find_marked;
use gateway_core::Result;
use gateway_core::driver::{Session, Step, Touched};
use gateway_core::kind::Canonical;
use gateway_core::kinds::{Image, VolumeAttachment};
use gateway_core::order::Order;
use gateway_core::scope::Region;
use gateway_core::verb::Verb;

use super::volume::key;

pub(in super::super) async fn find(
    session: &impl Session,
    region: &Region,
    step: &Step<'_>,
) -> Result<Option<Touched>> {
    match (step.verb, step.order) {
        // An attachment is what it joins: there is one at most.
        (Verb::Create, Order::CreateVolumeAttachment(order)) => {
            let (volume, instance) = (step.named.get(order.volume)?, step.named.get(order.instance)?);
            let key = key(&volume.external_id, &instance.external_id);
            let found = session.get(region, VolumeAttachment::KIND, &key).await?;
            Ok(found.map(|found| Touched::new(found.kind, found.native_key)))
        }
        (Verb::Create, _) => find_marked(session, region, step.kind, step.marker).await,
        (Verb::CreateImage, _) => find_marked(session, region, Image::KIND, step.marker).await,
        _ => Err(step.unsupported()),
    }
}
