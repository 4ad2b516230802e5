//! Where each kind is in Neutron's API.

use gateway_core::error::{Error, Result};
use gateway_core::kind::{
    Canonical, IpAddress, Kind, Network, NetworkInterface, Router, SecurityGroup, SecurityGroupRule, Subnet,
};

use crate::resources::Pages;

/// Where the things of one kind are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    kind: Kind,
    /// In the path.
    pub(super) path: &'static str,
    /// Around a list of them.
    list: &'static str,
    /// Around one.
    pub(super) around: &'static str,
}

static PLACES: [Place; 7] = [
    Place::new(Network::KIND, "networks", "networks", "network"),
    Place::new(Subnet::KIND, "subnets", "subnets", "subnet"),
    Place::new(NetworkInterface::KIND, "ports", "ports", "port"),
    Place::new(Router::KIND, "routers", "routers", "router"),
    Place::new(IpAddress::KIND, "floatingips", "floatingips", "floatingip"),
    Place::new(SecurityGroup::KIND, "security-groups", "security_groups", "security_group"),
    Place::new(
        SecurityGroupRule::KIND,
        "security-group-rules",
        "security_group_rules",
        "security_group_rule",
    ),
];

impl Place {
    const fn new(kind: Kind, path: &'static str, list: &'static str, around: &'static str) -> Self {
        Self { kind, path, list, around }
    }

    /// Of a kind that has documents of its own in Neutron.
    pub(super) fn of(kind: Kind) -> Result<&'static Self> {
        let place = PLACES.iter().find(|place| place.kind == kind);
        place.ok_or_else(|| Error::internal(format!("Neutron has no collection of {kind}")))
    }

    /// How they are listed.
    pub(super) const fn pages(&self) -> Pages {
        Pages::of(self.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{self, Single};

    #[test]
    fn things_are_written_where_they_are_read() {
        for place in &PLACES {
            let Single::Id { path, around } = resources::of(place.kind).unwrap().single else {
                panic!("{} is not read by id", place.kind)
            };
            assert_eq!((path, around), (place.path, Some(place.around)));
            assert_eq!(place.list, place.path.replace('-', "_"));
        }
    }
}
