//! Internet gateways: creating one for a route table, routing to it, and removing both.
//!
//! EC2 needs three calls where other clouds need one. A gateway that is created for a table has a tag with the table's
//! id. By this tag an interrupted step is continued, and `clear_gateway` knows that the gateway was created for the table.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Touched};
use gateway_core::kind::Router;
use gateway_core::{Error, ErrorKind, Result};

use super::action::{Action, done, touched};
use super::route_table::{self, EVERYWHERE, default_route};
use super::tagging::with_tags;
use crate::form::Form;
use crate::tags::{self, NAME_KEY, ROUTER_KEY};
use crate::xml::Element;

/// Adds a default route through the VPC's internet gateway, and creates the gateway if there is none.
///
/// # Errors
/// Conflict, when the table has another default route; the cloud's error.
pub(crate) async fn set(action: &Action<'_>) -> Result<Done> {
    let table = route_table::read(action).await?;
    let vpc = table.required(&["vpcId"])?;
    let attached = read(action, "attachment.vpc-id", vpc).await?.into_iter().next();
    if let Some(next_hop) = default_route(&table) {
        let gateway = attached.as_ref().map(id_of).transpose()?;
        if next_hop.is_some() && next_hop == gateway {
            return Ok(Done { touched: with_gateway(action, next_hop)?, ..Done::default() });
        }
        let message = format!("`{}` has another default route; remove that route", action.target_key()?);
        return Err(Error::new(ErrorKind::Conflict, message).untouched());
    }
    let (gateway, is_new) = match &attached {
        Some(gateway) => (id_of(gateway)?.to_owned(), false),
        None => (create(action, vpc).await?, true),
    };
    let form = Form::new("CreateRoute")
        .with("RouteTableId", action.target_key()?)
        .with("DestinationCidrBlock", EVERYWHERE)
        .with("GatewayId", &gateway);
    match action.write(form).await {
        Ok(answer) => Ok(done(&answer, with_gateway(action, Some(&gateway))?)),
        Err(error) => {
            // If the gateway stays nevertheless, the next try continues with it.
            if is_new && error.changed_nothing() && detach(action, &gateway, vpc).await.is_ok() {
                let _ = remove(action, &gateway).await;
            }
            Err(error)
        }
    }
}

/// Removes the default route, and gateways that were created for this purpose and are no longer used.
///
/// # Errors
/// The cloud's error.
pub(crate) async fn clear(action: &Action<'_>) -> Result<Done> {
    let table = route_table::read(action).await?;
    let (key, vpc) = (action.target_key()?, table.required(&["vpcId"])?);
    // Everything is read before anything changes, so that a refusal leaves everything as it was.
    let unused = read_unused(action, key, vpc).await?;
    let mut last = None;
    let mut resources = vec![action.touched_target()?];
    if let Some(gateway) = default_route(&table).flatten().filter(|hop| hop.starts_with("igw-")) {
        let form =
            Form::new("DeleteRoute").with("RouteTableId", key).with("DestinationCidrBlock", EVERYWHERE);
        last = Some(action.write(form).await?);
        resources.push(touched::<Router>(gateway));
    }
    for (id, gateway) in &unused {
        remove_attached(action, id, gateway).await?;
        let gateway = touched::<Router>(id);
        if !resources.contains(&gateway) {
            resources.push(gateway);
        }
    }
    Ok(done(&last.unwrap_or_default(), resources))
}

/// Deletes an internet gateway that is the target itself.
///
/// # Errors
/// The cloud's error, for example about elastic addresses that need the gateway.
pub(crate) async fn delete(action: &Action<'_>) -> Result<Done> {
    let key = action.target_key()?;
    let found = read(action, "internet-gateway-id", key).await?;
    let gateway = found.first().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("the cloud does not show the internet gateway `{key}`"))
    })?;
    let mut is_detached = false;
    for vpc in vpcs(gateway) {
        detach(action, key, vpc).await.map_err(|error| error.after_a_part(is_detached))?;
        is_detached = true;
    }
    let removed = remove(action, key).await.map_err(|error| error.after_a_part(is_detached))?;
    Ok(done(&removed, vec![action.touched_target()?]))
}

fn with_gateway(action: &Action<'_>, gateway: Option<&str>) -> Result<Vec<Touched>> {
    let target = action.touched_target()?;
    Ok(std::iter::once(target).chain(gateway.map(touched::<Router>)).collect())
}

fn id_of(gateway: &Element) -> Result<&str> {
    gateway.required(&["internetGatewayId"])
}

/// Returns the VPCs that a gateway is attached to.
fn vpcs(gateway: &Element) -> impl Iterator<Item = &str> {
    let attachments = gateway.items(&["attachmentSet"]);
    attachments
        .filter(|item| item.text_at(&["state"]) != Some("detached"))
        .filter_map(|item| item.text_at(&["vpcId"]))
}

async fn read(action: &Action<'_>, filter: &str, value: &str) -> Result<Vec<Element>> {
    let answer = action.read(Form::new("DescribeInternetGateways").with_filter(filter, [value])).await?;
    Ok(answer.items(&["internetGatewaySet"]).cloned().collect())
}

/// Reads the gateways that were created for this table or another one of its VPC, and that no other table routes to.
async fn read_unused(action: &Action<'_>, table: &str, vpc: &str) -> Result<BTreeMap<String, Element>> {
    let is_of_gateway = |gateway: &Element| tags::read(gateway).contains_key(ROUTER_KEY);
    let attached = read(action, "attachment.vpc-id", vpc).await?.into_iter().filter(is_of_gateway);
    let mut found = BTreeMap::new();
    for gateway in attached.chain(read(action, &format!("tag:{ROUTER_KEY}"), table).await?) {
        let id = id_of(&gateway)?.to_owned();
        if !found.contains_key(&id) && !is_used_by_others(action, &id, table).await? {
            found.insert(id, gateway);
        }
    }
    Ok(found)
}

async fn is_used_by_others(action: &Action<'_>, gateway: &str, table: &str) -> Result<bool> {
    let form = Form::new("DescribeRouteTables").with_filter("route.gateway-id", [gateway]);
    let answer = action.read(form).await?;
    let mut tables = answer.items(&["routeTableSet"]).map(|other| other.required(&["routeTableId"]));
    tables.try_fold(false, |used, other| Ok(used || other? != table))
}

/// Creates a gateway and attaches it. If an earlier try has left a gateway, that one is used.
async fn create(action: &Action<'_>, vpc: &str) -> Result<String> {
    let earlier = read(action, &format!("tag:{ROUTER_KEY}"), action.target_key()?).await?;
    let gateway = match earlier.iter().find(|gateway| vpcs(gateway).next().is_none()) {
        Some(gateway) => id_of(gateway)?.to_owned(),
        None => {
            let answer = action.write(form(action.target_key()?, &action.target()?.name)).await?;
            answer.required(&["internetGateway", "internetGatewayId"])?.to_owned()
        }
    };
    let form = Form::new("AttachInternetGateway").with("InternetGatewayId", &gateway).with("VpcId", vpc);
    match action.write(form).await {
        Ok(_) => Ok(gateway),
        Err(error) => {
            if error.changed_nothing() {
                let _ = remove(action, &gateway).await;
            }
            Err(error)
        }
    }
}

fn form(table: &str, name: &str) -> Form {
    let name = (!name.is_empty()).then(|| (NAME_KEY.to_owned(), name.to_owned()));
    let tags = name.into_iter().chain([(ROUTER_KEY.to_owned(), table.to_owned())]).collect();
    let form = Form::new("CreateInternetGateway").with("TagSpecification.1.ResourceType", "internet-gateway");
    with_tags(form, "TagSpecification.1.Tag", &tags)
}

/// Detaches and removes a gateway. If the cloud refuses, because elastic addresses need the gateway, it stays.
async fn remove_attached(action: &Action<'_>, id: &str, gateway: &Element) -> Result<()> {
    for vpc in vpcs(gateway) {
        match detach(action, id, vpc).await {
            Err(error) if error.changed_nothing() => return Ok(()),
            result => result?,
        }
    }
    match remove(action, id).await {
        Err(error) if !error.changed_nothing() => Err(error),
        _ => Ok(()),
    }
}

async fn detach(action: &Action<'_>, gateway: &str, vpc: &str) -> Result<()> {
    let form = Form::new("DetachInternetGateway").with("InternetGatewayId", gateway).with("VpcId", vpc);
    action.write(form).await.map(drop)
}

async fn remove(action: &Action<'_>, gateway: &str) -> Result<Element> {
    action.write(Form::new("DeleteInternetGateway").with("InternetGatewayId", gateway)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_gateway_is_tagged_with_its_route_table() {
        assert_eq!(
            form("rtb-1", "ways").body("v"),
            "Action=CreateInternetGateway&Version=v&TagSpecification.1.ResourceType=internet-gateway\
             &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=ways\
             &TagSpecification.1.Tag.2.Key=gateway-router&TagSpecification.1.Tag.2.Value=rtb-1"
        );
    }
}
