//! The way out of a VPC: an internet gateway, and a route of a table that leads to it.
//!
//! EC2 has three steps where others have one. A gateway that is made for a table is tagged with the table's id: by that
//! a try that was cut short is gone on with, and by that it is known later that nobody else wanted it.

use std::collections::BTreeMap;

use gateway_core::driver::{Done, Touched};
use gateway_core::kind::Router;
use gateway_core::{Error, ErrorKind, Result};

use super::router::table;
use super::tagging::{ROUTER_KEY, with_tags};
use super::{Act, done, touched, touched_target};
use crate::form::Form;
use crate::xml::Element;

pub(crate) const NO_NETWORK: &str = "this type of cloud has no such networks: set_gateway makes a way out";

const EVERYWHERE: &str = "0.0.0.0/0";

/// Leads the table out through its VPC's internet gateway, which is made where there is none.
///
/// # Errors
/// Conflict, when the table leads out by something else; what the cloud answered.
pub(crate) async fn set(act: &Act<'_>) -> Result<Done> {
    let table = table(act).await?;
    let vpc = table.required(&["vpcId"])?;
    let attached = gateways(act, "attachment.vpc-id", vpc).await?.into_iter().next();
    if let Some(way) = way_out(&table) {
        let gateway =
            attached.as_ref().map(|gateway| gateway.required(&["internetGatewayId"])).transpose()?;
        if way.is_some() && way == gateway {
            return Ok(Done { touched: seen(act, way)?, ..Done::default() });
        }
        let message = "the route table leads out by something else already";
        return Err(Error::new(ErrorKind::Conflict, message).untouched());
    }
    let (gateway, is_made) = match attached {
        Some(gateway) => (gateway.required(&["internetGatewayId"])?.to_owned(), false),
        None => (make(act, vpc).await?, true),
    };
    let form = Form::new("CreateRoute")
        .with("RouteTableId", act.target_key()?)
        .with("DestinationCidrBlock", EVERYWHERE)
        .with("GatewayId", &gateway);
    match act.write(form).await {
        Ok(answer) => Ok(done(&answer, seen(act, Some(&gateway))?)),
        Err(error) => {
            // What stays in spite of this is gone on with by its tag.
            if is_made && error.changed_nothing() && detach(act, &gateway, vpc).await.is_ok() {
                let _ = remove(act, &gateway).await;
            }
            Err(error)
        }
    }
}

/// Ends the table's way out, and the gateway that was made for this where nothing else needs it.
///
/// # Errors
/// What the cloud answered.
pub(crate) async fn clear(act: &Act<'_>) -> Result<Done> {
    let table = table(act).await?;
    let (key, vpc) = (act.target_key()?, table.required(&["vpcId"])?);
    // All is read before anything changes: a refusal then leaves everything as it was.
    let needless = needless(act, key, vpc).await?;
    let mut last = None;
    let mut seen = vec![touched_target(act)?];
    if let Some(gateway) = way_out(&table).flatten().filter(|hop| hop.starts_with("igw-")) {
        let form =
            Form::new("DeleteRoute").with("RouteTableId", key).with("DestinationCidrBlock", EVERYWHERE);
        last = Some(act.write(form).await?);
        seen.push(touched::<Router>(gateway));
    }
    for (id, gateway) in &needless {
        end(act, id, gateway).await?;
        let gateway = touched::<Router>(id);
        if !seen.contains(&gateway) {
            seen.push(gateway);
        }
    }
    Ok(done(&last.unwrap_or_default(), seen))
}

/// The gateways by id that were made for this table, or for others of its VPC, and that no other table leads to.
async fn needless(act: &Act<'_>, table: &str, vpc: &str) -> Result<BTreeMap<String, Element>> {
    let attached = gateways(act, "attachment.vpc-id", vpc).await?.into_iter().filter(is_made);
    let mut found = BTreeMap::new();
    for gateway in attached.chain(gateways(act, &format!("tag:{ROUTER_KEY}"), table).await?) {
        let id = gateway.required(&["internetGatewayId"])?.to_owned();
        if !found.contains_key(&id) && !is_used_beside(act, &id, table).await? {
            found.insert(id, gateway);
        }
    }
    Ok(found)
}

/// Deletes an internet gateway that is a target of its own.
///
/// # Errors
/// What the cloud answered: of addresses that are in use, for one.
pub(crate) async fn delete(act: &Act<'_>) -> Result<Done> {
    let key = act.target_key()?;
    let found = gateways(act, "internet-gateway-id", key).await?;
    let gateway = found
        .first()
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "the cloud does not show the internet gateway"))?;
    let mut is_detached = false;
    for vpc in vpcs(gateway) {
        detach(act, key, vpc).await.map_err(|error| error.after_a_part(is_detached))?;
        is_detached = true;
    }
    let removed = remove(act, key).await.map_err(|error| error.after_a_part(is_detached))?;
    Ok(done(&removed, vec![touched_target(act)?]))
}

fn seen(act: &Act<'_>, gateway: Option<&str>) -> Result<Vec<Touched>> {
    let target = touched_target(act)?;
    Ok(std::iter::once(target).chain(gateway.map(touched::<Router>)).collect())
}

/// What the route to everywhere leads to, where there is one.
fn way_out(table: &Element) -> Option<Option<&str>> {
    let mut routes = table.items(&["routeSet"]);
    let route = routes.find(|route| route.text_at(&["destinationCidrBlock"]) == Some(EVERYWHERE))?;
    Some(route.text_at(&["gatewayId"]))
}

fn is_made(gateway: &Element) -> bool {
    gateway.items(&["tagSet"]).any(|tag| tag.text_at(&["key"]) == Some(ROUTER_KEY))
}

fn vpcs(gateway: &Element) -> impl Iterator<Item = &str> {
    let attachments = gateway.items(&["attachmentSet"]);
    attachments
        .filter(|item| item.text_at(&["state"]) != Some("detached"))
        .filter_map(|item| item.text_at(&["vpcId"]))
}

async fn gateways(act: &Act<'_>, filter: &str, value: &str) -> Result<Vec<Element>> {
    let answer = act.read(Form::new("DescribeInternetGateways").with_filter(filter, [value])).await?;
    Ok(answer.items(&["internetGatewaySet"]).cloned().collect())
}

/// Makes a gateway and attaches it: one that an earlier try left, if there is one.
async fn make(act: &Act<'_>, vpc: &str) -> Result<String> {
    let left = gateways(act, &format!("tag:{ROUTER_KEY}"), act.target_key()?).await?;
    let gateway = match left.iter().find(|gateway| vpcs(gateway).next().is_none()) {
        Some(gateway) => gateway.required(&["internetGatewayId"])?.to_owned(),
        None => {
            let answer = act.write(gateway_form(act.target_key()?, &act.target()?.name)).await?;
            answer.required(&["internetGateway", "internetGatewayId"])?.to_owned()
        }
    };
    let form = Form::new("AttachInternetGateway").with("InternetGatewayId", &gateway).with("VpcId", vpc);
    match act.write(form).await {
        Ok(_) => Ok(gateway),
        Err(error) => {
            if error.changed_nothing() {
                let _ = remove(act, &gateway).await;
            }
            Err(error)
        }
    }
}

fn gateway_form(table: &str, name: &str) -> Form {
    let name = (!name.is_empty()).then(|| ("Name".to_owned(), name.to_owned()));
    let tags = name.into_iter().chain([(ROUTER_KEY.to_owned(), table.to_owned())]).collect();
    let form = Form::new("CreateInternetGateway").with("TagSpecification.1.ResourceType", "internet-gateway");
    with_tags(form, "TagSpecification.1.Tag", &tags)
}

async fn is_used_beside(act: &Act<'_>, gateway: &str, table: &str) -> Result<bool> {
    let form = Form::new("DescribeRouteTables").with_filter("route.gateway-id", [gateway]);
    let answer = act.read(form).await?;
    let mut tables = answer.items(&["routeTableSet"]).map(|other| other.required(&["routeTableId"]));
    tables.try_fold(false, |used, other| Ok(used || other? != table))
}

/// Detaches and deletes a gateway, as far as the cloud lets go of it: outside addresses may need it.
async fn end(act: &Act<'_>, id: &str, gateway: &Element) -> Result<()> {
    for vpc in vpcs(gateway) {
        match detach(act, id, vpc).await {
            Err(error) if error.changed_nothing() => return Ok(()),
            result => result?,
        }
    }
    match remove(act, id).await {
        Err(error) if !error.changed_nothing() => Err(error),
        _ => Ok(()),
    }
}

async fn detach(act: &Act<'_>, gateway: &str, vpc: &str) -> Result<()> {
    let form = Form::new("DetachInternetGateway").with("InternetGatewayId", gateway).with("VpcId", vpc);
    act.write(form).await.map(drop)
}

async fn remove(act: &Act<'_>, gateway: &str) -> Result<Element> {
    act.write(Form::new("DeleteInternetGateway").with("InternetGatewayId", gateway)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_out_is_the_route_to_everywhere_whatever_it_leads_to() {
        let way = |routes: &str| {
            let table = Element::parse(&format!("<item><routeSet>{routes}</routeSet></item>")).unwrap();
            way_out(&table).map(|way| way.map(ToOwned::to_owned))
        };
        let local = "<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId></item>";
        assert_eq!(way(local), None);
        let out =
            "<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId></item>";
        assert_eq!(way(&format!("{local}{out}")), Some(Some("igw-1".to_owned())));
        assert_eq!(way(&out.replace("gatewayId", "natGatewayId")), Some(None));
    }

    #[test]
    fn a_gateway_of_the_gateways_making_says_for_which_table() {
        assert_eq!(
            gateway_form("rtb-1", "ways").body("v"),
            "Action=CreateInternetGateway&Version=v&TagSpecification.1.ResourceType=internet-gateway\
             &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=ways\
             &TagSpecification.1.Tag.2.Key=gateway-router&TagSpecification.1.Tag.2.Value=rtb-1"
        );
    }
}
