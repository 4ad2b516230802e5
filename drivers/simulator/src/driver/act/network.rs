//! What is done to networks, subnets and interfaces.

use gateway_core::Result;
use gateway_core::driver::{Done, Touched};
use gateway_core::kind::Canonical;
use gateway_core::kinds::Instance;
use gateway_core::order::{CreateNetwork, CreateNetworkInterface, CreateSubnet, Order, Update};
use serde_json::{Map, Value, json};

use super::Site;
use super::body::Body;

pub(super) fn body(body: Body<'_>, order: &CreateNetwork) -> Map<String, Value> {
    body.words(&order.name, order.description.as_deref(), &order.tags).end()
}

pub(super) fn subnet_body(body: Body<'_>, order: &CreateSubnet) -> Result<Map<String, Value>> {
    let resolvers = (!order.dns_servers.is_empty()).then(|| json!(order.dns_servers));
    let body = body
        .words(&order.name, order.description.as_deref(), &order.tags)
        .naming("network", Some(order.network))?
        .with("range", Some(order.cidr.as_str()))
        .with("way_out", order.gateway_ip_address.as_deref())
        .with("tells_addresses", order.dhcp)
        .with("resolvers", resolvers);
    Ok(body.end())
}

pub(super) fn interface_body(body: Body<'_>, order: &CreateNetworkInterface) -> Result<Map<String, Value>> {
    let addresses = order.addresses.iter().map(|place| {
        let subnet = body.id(place.subnet)?;
        Ok(match &place.ip_address {
            Some(ip) => json!({ "subnet": subnet, "ip": ip }),
            None => json!({ "subnet": subnet }),
        })
    });
    let addresses = addresses.collect::<Result<Vec<_>>>()?;
    let groups = order.security_groups.as_ref();
    let groups =
        groups.map(|ids| ids.iter().map(|id| body.id(*id)).collect::<Result<Vec<_>>>()).transpose()?;
    let body = body
        .words(&order.name, order.description.as_deref(), &order.tags)
        .naming("network", Some(order.network))?
        .with("addresses", (!addresses.is_empty()).then_some(addresses))
        .with("firewalls", groups);
    Ok(body.end())
}

pub(super) async fn update_interface(site: &Site<'_>) -> Result<Done> {
    let Order::UpdateNetworkInterface(order) = site.step.order else {
        return Err(site.step.unsupported());
    };
    let words =
        Update { name: order.name.clone(), description: order.description.clone(), tags: order.tags.clone() };
    let mut body = site.words(&words).await?;
    if let Some(groups) = &order.security_groups {
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
