//! The registered clouds and their capabilities.

use std::collections::BTreeMap;

use gateway_core::Kind;
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::{Verb, VerbSupport};

use crate::app::{App, Result};

/// A registered cloud. Its endpoint is left out: it is only for operators.
#[derive(Debug)]
pub(crate) struct CloudDescription {
    pub(crate) id: CloudId,
    pub(crate) name: String,
    pub(crate) driver: String,
    /// The regions that are known so far.
    pub(crate) regions: Vec<Region>,
    /// The kinds that can be listed.
    pub(crate) kinds: Vec<Kind>,
    /// The supported verbs of each kind.
    pub(crate) verbs: BTreeMap<Kind, Vec<Verb>>,
    /// The accepted forms of credential.
    pub(crate) credentials: Vec<&'static str>,
}

/// Returns all registered clouds.
pub(crate) async fn clouds(app: &App) -> Result<Vec<CloudDescription>> {
    let mut clouds = Vec::new();
    for cloud in app.store.cloud_list().await? {
        let capability = app.drivers.get(&cloud.driver).map(|driver| driver.capability());
        clouds.push(CloudDescription {
            id: cloud.spec.id,
            regions: app.store.region_list(cloud.spec.id).await?,
            name: cloud.spec.name,
            driver: cloud.driver,
            kinds: capability.iter().flat_map(|capability| capability.kinds).map(|kind| kind.kind).collect(),
            verbs: capability.iter().flat_map(|capability| capability.verbs).map(verbs_of).collect(),
            credentials: capability.map(|capability| capability.credentials.to_vec()).unwrap_or_default(),
        });
    }
    Ok(clouds)
}

fn verbs_of((kind, verbs): &(Kind, &[VerbSupport])) -> (Kind, Vec<Verb>) {
    (*kind, verbs.iter().map(|support| support.verb).collect())
}
