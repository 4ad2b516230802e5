//! What is done to routers.

use gateway_core::driver::{Done, Touched};
use gateway_core::kind::{Canonical, Command, CreateRouter, NetworkInterface, Router, RouterSubnet, Verb};
use gateway_core::{ErrorKind, Result};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::{Site, request_id};

pub(super) fn body(body: Body<'_>, command: &CreateRouter) -> Result<Map<String, Value>> {
    let body = body.words(&command.name, command.description.as_deref(), &command.tags);
    Ok(body.naming("gateway", command.external_network)?.end())
}

pub(super) async fn command(site: &Site<'_>) -> Result<Done> {
    let step = site.step;
    match (step.verb, step.command) {
        (Verb::AddInterface, Command::RouterSubnet(command)) => connect(site, command).await,
        (Verb::RemoveInterface, Command::RouterSubnet(command)) => disconnect(site, command).await,
        (Verb::SetGateway, Command::RouterGateway(command)) => {
            let network = command.external_network.map(|network| step.named.get(network)).transpose()?;
            let network = network.map(|network| &network.external_id);
            site.done(&site.command("open", &json!({ "network": network })).await?)
        }
        (Verb::ClearGateway, _) => site.done(&site.command("close", &json!({})).await?),
        _ => Err(step.unsupported()),
    }
}

/// What is connected already stays so.
async fn connect(site: &Site<'_>, command: &RouterSubnet) -> Result<Done> {
    let subnet = &site.step.named.get(command.subnet)?.external_id;
    match site.command("connect", &json!({ "subnet": subnet })).await {
        Ok(response) => done(site, plug(&response.json()?, subnet), request_id(&response)),
        Err(error) if error.kind() == ErrorKind::Conflict => match site.plug_in(subnet).await? {
            Some(plug) => done(site, Some(plug), None),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// What is apart already stays so.
async fn disconnect(site: &Site<'_>, command: &RouterSubnet) -> Result<Done> {
    let subnet = &site.step.named.get(command.subnet)?.external_id;
    let plug = site.plug_in(subnet).await?;
    if plug.is_none() {
        return done(site, None, None);
    }
    match site.command("disconnect", &json!({ "subnet": subnet })).await {
        Ok(response) => done(site, plug, request_id(&response)),
        Err(error) => Err(error),
    }
}

impl Site<'_> {
    /// The interface of the target in a subnet, as the cloud has it now.
    async fn plug_in(&self, subnet: &str) -> Result<Option<String>> {
        let path = ["v1", self.region.as_str(), Router::KIND.spec().plural, self.target()?];
        Ok(plug(&self.api.get(&path, &[]).await?.json()?, subnet))
    }
}

/// The interface of a router in a subnet.
fn plug(router: &Value, subnet: &str) -> Option<String> {
    let end = router["ends"].as_array()?.iter().find(|end| end["subnet"] == subnet)?;
    end["plug"].as_str().map(str::to_owned)
}

fn done(site: &Site<'_>, plug: Option<String>, request_id: Option<String>) -> Result<Done> {
    let target = site.step.target()?;
    let mut touched = vec![Touched::new(target.kind, target.native_key.as_str())];
    touched.extend(plug.map(|plug| Touched::new(NetworkInterface::KIND, plug)));
    Ok(Done { touched, answer: None, request_id })
}
