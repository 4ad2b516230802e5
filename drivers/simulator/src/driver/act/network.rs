//! What is done to networks, subnets and interfaces.

use gateway_core::Result;
use gateway_core::driver::{Done, Touched};
use gateway_core::kind::{
    Canonical, Command, CreateNetwork, CreateNetworkInterface, CreateSubnet, Instance, Update,
};
use serde_json::{Map, Value, json};

use super::Site;
use super::body::Body;

pub(super) fn body(body: Body<'_>, command: &CreateNetwork) -> Map<String, Value> {
    body.words(&command.name, command.description.as_deref(), &command.tags).end()
}

pub(super) fn subnet_body(body: Body<'_>, command: &CreateSubnet) -> Result<Map<String, Value>> {
    let resolvers = (!command.dns_servers.is_empty()).then(|| json!(command.dns_servers));
    let body = body
        .words(&command.name, command.description.as_deref(), &command.tags)
        .naming("network", Some(command.network))?
        .with("range", Some(command.cidr.as_str()))
        .with("way_out", command.gateway_ip_address.as_deref())
        .with("tells_addresses", command.dhcp)
        .with("resolvers", resolvers);
    Ok(body.end())
}

pub(super) fn interface_body(body: Body<'_>, command: &CreateNetworkInterface) -> Result<Map<String, Value>> {
    let addresses = command.addresses.iter().map(|place| {
        let subnet = body.id(place.subnet)?;
        Ok(match &place.ip_address {
            Some(ip) => json!({ "subnet": subnet, "ip": ip }),
            None => json!({ "subnet": subnet }),
        })
    });
    let addresses = addresses.collect::<Result<Vec<_>>>()?;
    let groups = command.security_groups.as_ref();
    let groups =
        groups.map(|ids| ids.iter().map(|id| body.id(*id)).collect::<Result<Vec<_>>>()).transpose()?;
    let body = body
        .words(&command.name, command.description.as_deref(), &command.tags)
        .naming("network", Some(command.network))?
        .with("addresses", (!addresses.is_empty()).then_some(addresses))
        .with("firewalls", groups);
    Ok(body.end())
}

pub(super) async fn update_interface(site: &Site<'_>) -> Result<Done> {
    let Command::UpdateNetworkInterface(command) = site.step.command else {
        return Err(site.step.unsupported());
    };
    let words = Update {
        name: command.name.clone(),
        description: command.description.clone(),
        tags: command.tags.clone(),
    };
    let mut body = site.words(&words).await?;
    if let Some(groups) = &command.security_groups {
        let ids = groups.iter().map(|id| Ok(site.step.named.get(*id)?.external_id.clone()));
        body.insert("firewalls".to_owned(), json!(ids.collect::<Result<Vec<_>>>()?));
    }
    let mut done = site.change(body).await?;
    // The groups of its first interface are those of an instance.
    let holder =
        site.step.target()?.document.get("instance").and_then(|instance| instance["external_id"].as_str());
    done.touched.extend(holder.map(|holder| Touched::new(Instance::KIND, holder)));
    Ok(done)
}
