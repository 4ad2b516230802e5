//! The id of a resource, derived from the keys that make it unique.

use super::name::Kind;
use crate::id::{CloudId, Region, ResourceId, name_based};

impl ResourceId {
    /// Returns the `UUIDv5` of (cloud, region, kind, native key): known at creation, before any listing.
    pub fn derive(cloud: CloudId, region: &Region, kind: Kind, native_key: &str) -> Self {
        Self(name_based(&["resource", &cloud.to_string(), region.as_str(), kind.as_str(), native_key]))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn resource_id_is_stable_and_distinct() {
        let cloud = CloudId(Uuid::from_u128(1));
        let derive = |region, key| ResourceId::derive(cloud, &Region::new(region), Kind::Instance, key);
        assert_eq!(derive("r1", "abc"), derive("r1", "abc"));
        assert_ne!(derive("r1", "abc"), derive("r1a", "bc"));
        assert_eq!(derive("r1", "abc").0.get_version_num(), 5);
    }
}
