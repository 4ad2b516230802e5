//! Route tables, which subnets they serve, and internet gateways as far as they are routers of their own.

use gateway_core::driver::{Done, Step};
use gateway_core::id::ResourceId;
use gateway_core::kind::{Command, CreateRouter, Router, Verb};
use gateway_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::cloud_options::merge_or_refuse;
use super::faults::Faults;
use super::tagging::{Naming, retag, tagged, updated};
use super::{Act, done, key_of, router_gateway, touched, touched_target};
use crate::form::Form;
use crate::kinds::is_associated;
use crate::xml::Element;

pub(crate) fn faults(step: &Step<'_>) -> Faults {
    let is_for_gateways = matches!(step.verb, Verb::Create | Verb::Update | Verb::Delete);
    let faults = Faults::default().unless(
        is_for_gateways || !is_internet_gateway(step),
        "",
        "is for route tables: an internet gateway is updated and deleted, and used by a table's set_gateway",
    );
    match step.command {
        Command::CreateRouter(command) => faults
            .no_description(command.description.as_ref())
            .unless(
                command.network.is_some(),
                "/network",
                "must be given: a route table belongs to a network here",
            )
            .unless(command.external_network.is_none(), "/external_network", router_gateway::NO_NETWORK)
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(form(step, command), &command.cloud_options),
        Command::RouterGateway(command) => {
            faults.unless(command.external_network.is_none(), "/external_network", router_gateway::NO_NETWORK)
        }
        Command::Update(command) => faults.no_description(command.description.as_ref()).update(step, true),
        _ => faults,
    }
}

fn is_internet_gateway(step: &Step<'_>) -> bool {
    let sort = step.target.and_then(|target| target.document.get("router_type")).and_then(Value::as_str);
    sort == Some("internet_gateway")
}

pub(crate) async fn act(act: &Act<'_>) -> Result<Done> {
    match (act.step.verb, act.step.command) {
        (Verb::Create, Command::CreateRouter(command)) => {
            let form = merge_or_refuse(form(act.step, command)?, &command.cloud_options)?;
            let answer = act.write(form).await?;
            Ok(done(&answer, vec![touched::<Router>(answer.required(&["routeTable", "routeTableId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => {
            updated(act, retag(act, command.name.as_ref(), command.tags.as_ref(), true).await?)
        }
        (Verb::Delete, _) if is_internet_gateway(act.step) => router_gateway::delete(act).await,
        (Verb::Delete, _) => {
            let answer =
                act.write(Form::new("DeleteRouteTable").with("RouteTableId", act.target_key()?)).await?;
            Ok(done(&answer, vec![touched_target(act)?]))
        }
        _ if is_internet_gateway(act.step) => Err(act.step.unsupported()),
        (Verb::AddInterface, Command::RouterSubnet(command)) => add_interface(act, command.subnet).await,
        (Verb::RemoveInterface, Command::RouterSubnet(command)) => {
            remove_interface(act, command.subnet).await
        }
        (Verb::SetGateway, Command::RouterGateway(_)) => router_gateway::set(act).await,
        (Verb::ClearGateway, _) => router_gateway::clear(act).await,
        _ => Err(act.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateRouter) -> Result<Form> {
    let form = Form::new("CreateRouteTable")
        .with_some("VpcId", command.network.map(|id| key_of(step, id)).transpose()?)
        .with("ClientToken", step.marker);
    Ok(tagged(form, "route-table", step, &command.tags, Naming::Tag(&command.name)))
}

/// The route table as the cloud has it now.
///
/// # Errors
/// `NotFound`, when it is gone.
pub(crate) async fn table(act: &Act<'_>) -> Result<Element> {
    let key = act.target_key()?;
    let answer = act.read(Form::new("DescribeRouteTables").with_filter("route-table-id", [key])).await?;
    let found = answer.items(&["routeTableSet"]).find(|table| table.text_at(&["routeTableId"]) == Some(key));
    found.cloned().ok_or_else(|| Error::new(ErrorKind::NotFound, "the cloud does not show the route table"))
}

/// The association of a table with a subnet.
fn association<'a>(table: &'a Element, subnet: &str) -> Option<&'a str> {
    let mut associations = table.items(&["associationSet"]);
    let found = associations.find(|item| {
        item.text_at(&["subnetId"]) == Some(subnet) && is_associated(item, "associationState")
    })?;
    found.text_at(&["routeTableAssociationId"])
}

async fn add_interface(act: &Act<'_>, subnet: ResourceId) -> Result<Done> {
    let subnet = key_of(act.step, subnet)?;
    let seen = vec![touched_target(act)?];
    if association(&table(act).await?, subnet).is_some() {
        return Ok(Done { touched: seen, ..Done::default() });
    }
    let form =
        Form::new("AssociateRouteTable").with("RouteTableId", act.target_key()?).with("SubnetId", subnet);
    Ok(done(&act.write(form).await?, seen))
}

async fn remove_interface(act: &Act<'_>, subnet: ResourceId) -> Result<Done> {
    let subnet = key_of(act.step, subnet)?;
    let seen = vec![touched_target(act)?];
    let table = table(act).await?;
    let Some(association) = association(&table, subnet) else {
        return Ok(Done { touched: seen, ..Done::default() });
    };
    let form = Form::new("DisassociateRouteTable").with("AssociationId", association);
    Ok(done(&act.write(form).await?, seen))
}
