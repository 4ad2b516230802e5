//! Commands of network interfaces.

use gateway_core::driver::{Done, Touched};
use gateway_core::kind::{Command, CreateNetworkInterface, Update};
use gateway_core::{Kind, Result};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::site::Site;

/// Returns the members of a create.
pub(crate) fn body(body: Body<'_>, command: &CreateNetworkInterface) -> Result<Map<String, Value>> {
    let addresses = command.addresses.iter().map(|address| {
        let subnet = body.id(address.subnet)?;
        Ok(match &address.ip_address {
            Some(ip) => json!({ "subnet": subnet, "ip": ip }),
            None => json!({ "subnet": subnet }),
        })
    });
    let addresses = addresses.collect::<Result<Vec<_>>>()?;
    let groups = command.security_groups.as_ref();
    let groups =
        groups.map(|ids| ids.iter().map(|id| body.id(*id)).collect::<Result<Vec<_>>>()).transpose()?;
    let body = body
        .metadata(&command.name, command.description.as_deref(), &command.tags)
        .with_id("network", Some(command.network))?
        .with("addresses", (!addresses.is_empty()).then_some(addresses))
        .with("firewalls", groups);
    Ok(body.finish())
}

/// Updates metadata and security groups.
pub(crate) async fn update(site: &Site<'_>) -> Result<Done> {
    let Command::UpdateNetworkInterface(command) = site.step.command else {
        return Err(site.step.unsupported());
    };
    let update = Update {
        name: command.name.clone(),
        description: command.description.clone(),
        tags: command.tags.clone(),
    };
    let mut body = site.metadata(&update).await?;
    if let Some(groups) = &command.security_groups {
        let ids = groups.iter().map(|id| Ok(site.step.named.get(*id)?.external_id.clone()));
        body.insert("firewalls".to_owned(), json!(ids.collect::<Result<Vec<_>>>()?));
    }
    let mut done = site.change(body).await?;
    // An instance has the security groups of its first interface.
    let holder =
        site.step.target()?.document.get("instance").and_then(|instance| instance["external_id"].as_str());
    done.touched.extend(holder.map(|holder| Touched::new(Kind::Instance, holder)));
    Ok(done)
}
