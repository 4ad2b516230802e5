//! Keys: made by the cloud, which tells the private half once, or imported.

use gateway_core::Result;
use gateway_core::driver::{Done, OneTimeOutput, Touched};
use gateway_core::kind::CreateSshKey;
use gateway_core::secret::Secret;
use serde_json::{Map, Value};

use super::body::Body;
use super::{Site, id_of};

pub(super) fn body(body: Body<'_>, command: &CreateSshKey) -> Map<String, Value> {
    body.words(&command.name, None, &command.tags).with("text", command.public_key.as_deref()).end()
}

pub(super) async fn create(site: &Site<'_>) -> Result<Done> {
    let (made, request_id) = site.make().await?;
    let answer = made["private"].as_str().map(|private| OneTimeOutput::PrivateKey(Secret::new(private)));
    let touched = vec![Touched::new(site.step.kind, id_of(&made)?)];
    Ok(Done { touched, answer, request_id })
}
