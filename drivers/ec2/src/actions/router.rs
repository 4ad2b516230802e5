//! Commands of routers: of route tables, and of internet gateways as far as they are updated and deleted.

use gateway_core::Result;
use gateway_core::driver::{Done, Step};
use gateway_core::id::ResourceId;
use gateway_core::kind::{Command, CreateRouter, Router, Verb};
use serde_json::Value;

use super::action::{Action, done, touched};
use super::cloud_options::merge_valid;
use super::field_errors::FieldErrors;
use super::reference::key_of;
use super::tagging::{tagged, update};
use super::{internet_gateway, route_table};
use crate::form::Form;
use crate::tags::Naming;

/// The error of an external network, which EC2 does not have.
const NO_EXTERNAL_NETWORK: &str = "is not supported: `set_gateway` without a network leads to the internet";

pub(crate) fn validate(step: &Step<'_>) -> FieldErrors {
    let is_for_gateways = matches!(step.verb, Verb::Create | Verb::Update | Verb::Delete);
    let errors = FieldErrors::default().require(
        is_for_gateways || !is_internet_gateway(step),
        "",
        "is not supported by an internet gateway; use the `set_gateway` of a route table",
    );
    match step.command {
        Command::CreateRouter(command) => errors
            .no_description(command.description.as_ref())
            .require(
                command.network.is_some(),
                "/network",
                "is required: at this cloud a router is the route table of a network",
            )
            .require(command.external_network.is_none(), "/external_network", NO_EXTERNAL_NETWORK)
            .tags(&command.tags, Naming::Tag(&command.name))
            .options(form(step, command), &command.cloud_options),
        Command::RouterGateway(command) => {
            errors.require(command.external_network.is_none(), "/external_network", NO_EXTERNAL_NETWORK)
        }
        Command::Update(command) => errors.no_description(command.description.as_ref()).update(step, true),
        _ => errors,
    }
}

fn is_internet_gateway(step: &Step<'_>) -> bool {
    let of = step.target.and_then(|target| target.document.get("router_type")).and_then(Value::as_str);
    of == Some("internet_gateway")
}

pub(crate) async fn act(action: &Action<'_>) -> Result<Done> {
    match (action.step.verb, action.step.command) {
        (Verb::Create, Command::CreateRouter(command)) => {
            let form = merge_valid(form(action.step, command)?, &command.cloud_options)?;
            let answer = action.write(form).await?;
            Ok(done(&answer, vec![touched::<Router>(answer.required(&["routeTable", "routeTableId"])?)]))
        }
        (Verb::Update, Command::Update(command)) => update(action, command).await,
        (Verb::Delete, _) if is_internet_gateway(action.step) => internet_gateway::delete(action).await,
        (Verb::Delete, _) => {
            let form = Form::new("DeleteRouteTable").with("RouteTableId", action.target_key()?);
            action.write_target(form).await
        }
        _ if is_internet_gateway(action.step) => Err(action.step.unsupported()),
        (Verb::AddInterface, Command::RouterSubnet(command)) => add_interface(action, command.subnet).await,
        (Verb::RemoveInterface, Command::RouterSubnet(command)) => {
            remove_interface(action, command.subnet).await
        }
        (Verb::SetGateway, Command::RouterGateway(_)) => internet_gateway::set(action).await,
        (Verb::ClearGateway, _) => internet_gateway::clear(action).await,
        _ => Err(action.step.unsupported()),
    }
}

fn form(step: &Step<'_>, command: &CreateRouter) -> Result<Form> {
    let form = Form::new("CreateRouteTable")
        .with_some("VpcId", command.network.map(|id| key_of(step, id)).transpose()?)
        .with("ClientToken", step.marker);
    Ok(tagged(form, "route-table", step, &command.tags, Naming::Tag(&command.name)))
}

async fn add_interface(action: &Action<'_>, subnet: ResourceId) -> Result<Done> {
    let subnet = key_of(action.step, subnet)?;
    if route_table::association(&route_table::read(action).await?, subnet).is_some() {
        return unchanged(action);
    }
    let form =
        Form::new("AssociateRouteTable").with("RouteTableId", action.target_key()?).with("SubnetId", subnet);
    action.write_target(form).await
}

async fn remove_interface(action: &Action<'_>, subnet: ResourceId) -> Result<Done> {
    let subnet = key_of(action.step, subnet)?;
    let table = route_table::read(action).await?;
    let Some(association) = route_table::association(&table, subnet) else { return unchanged(action) };
    action.write_target(Form::new("DisassociateRouteTable").with("AssociationId", association)).await
}

/// Returns the outcome of a step that had nothing to change.
fn unchanged(action: &Action<'_>) -> Result<Done> {
    Ok(Done { touched: vec![action.touched_target()?], ..Done::default() })
}
