//! A route table as the cloud has it now: its associations and its default route.

use gateway_core::{Error, ErrorKind, Result};

use super::action::Action;
use crate::association::is_associated;
use crate::form::Form;
use crate::xml::Element;

/// The destination of a default route.
pub(crate) const EVERYWHERE: &str = "0.0.0.0/0";

/// Reads the route table that is the target.
///
/// # Errors
/// `NotFound`, when it is gone.
pub(crate) async fn read(action: &Action<'_>) -> Result<Element> {
    let key = action.target_key()?;
    let answer = action.read(Form::new("DescribeRouteTables").with_filter("route-table-id", [key])).await?;
    let found = answer.items(&["routeTableSet"]).find(|table| table.text_at(&["routeTableId"]) == Some(key));
    found.cloned().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("the cloud does not show the route table `{key}`"))
    })
}

/// Returns the association of a table with a subnet.
pub(crate) fn association<'a>(table: &'a Element, subnet: &str) -> Option<&'a str> {
    let mut associations = table.items(&["associationSet"]);
    let found = associations.find(|item| {
        item.text_at(&["subnetId"]) == Some(subnet) && is_associated(item, "associationState")
    })?;
    found.text_at(&["routeTableAssociationId"])
}

/// Returns the gateway of the default route, if there is such a route: `Some(None)` means that its next hop is none.
pub(crate) fn default_route(table: &Element) -> Option<Option<&str>> {
    let mut routes = table.items(&["routeSet"]);
    let route = routes.find(|route| route.text_at(&["destinationCidrBlock"]) == Some(EVERYWHERE))?;
    Some(route.text_at(&["gatewayId"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_route_is_found_whatever_its_next_hop() {
        let route = |routes: &str| {
            let table = Element::parse(&format!("<item><routeSet>{routes}</routeSet></item>")).unwrap();
            default_route(&table).map(|route| route.map(ToOwned::to_owned))
        };
        let local = "<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId></item>";
        assert_eq!(route(local), None);
        let out =
            "<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId></item>";
        assert_eq!(route(&format!("{local}{out}")), Some(Some("igw-1".to_owned())));
        assert_eq!(route(&out.replace("gatewayId", "natGatewayId")), Some(None));
    }
}
