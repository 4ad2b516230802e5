//! Commands of routers.

use gateway_core::driver::{Done, Touched};
use gateway_core::kind::{Command, CreateRouter, RouterSubnet, Verb};
use gateway_core::{ErrorKind, Kind, Result};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::site::{Site, request_id};

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateRouter) -> Result<Map<String, Value>> {
    let body = body.metadata(&command.name, command.description.as_deref(), &command.tags);
    Ok(body.with_id("gateway", command.external_network)?.finish())
}

/// Executes a command other than create, update and delete.
pub(crate) async fn command(site: &Site<'_>) -> Result<Done> {
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

/// Adds an interface; an existing one counts as success.
async fn connect(site: &Site<'_>, command: &RouterSubnet) -> Result<Done> {
    let subnet = &site.step.named.get(command.subnet)?.external_id;
    match site.command("connect", &json!({ "subnet": subnet })).await {
        Ok(response) => done(site, nic(&response.json()?, subnet), request_id(&response)),
        Err(error) if error.kind() == ErrorKind::Conflict => match site.nic_in(subnet).await? {
            Some(nic) => done(site, Some(nic), None),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Removes an interface; an absent one counts as success.
async fn disconnect(site: &Site<'_>, command: &RouterSubnet) -> Result<Done> {
    let subnet = &site.step.named.get(command.subnet)?.external_id;
    let nic = site.nic_in(subnet).await?;
    if nic.is_none() {
        return done(site, None, None);
    }
    match site.command("disconnect", &json!({ "subnet": subnet })).await {
        Ok(response) => done(site, nic, request_id(&response)),
        Err(error) => Err(error),
    }
}

impl Site<'_> {
    /// Reads the interface of the target in a subnet.
    async fn nic_in(&self, subnet: &str) -> Result<Option<String>> {
        let path = ["v1", self.region.as_str(), Kind::Router.spec().plural, self.target()?];
        Ok(nic(&self.client.get(&path, &[]).await?.json()?, subnet))
    }
}

/// Returns the interface of a router in a subnet.
fn nic(router: &Value, subnet: &str) -> Option<String> {
    let interface =
        router["interfaces"].as_array()?.iter().find(|interface| interface["subnet"] == subnet)?;
    interface["nic"].as_str().map(str::to_owned)
}

fn done(site: &Site<'_>, nic: Option<String>, request_id: Option<String>) -> Result<Done> {
    let target = site.step.target()?;
    let mut touched = vec![Touched::new(target.kind, target.native_key.as_str())];
    touched.extend(nic.map(|nic| Touched::new(Kind::NetworkInterface, nic)));
    Ok(Done { touched, answer: None, request_id })
}
