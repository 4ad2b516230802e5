//! The kinds that the driver has: where each is found and who maps it.

use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Canonical, Kind};
use gateway_core::kinds::{Image, Instance, InstanceType, Volume};
use gateway_core::observation::Observed;
use serde_json::Value;

use crate::catalog::Service;
use crate::wire::{self, View};

/// One kind in OpenStack's API.
#[derive(Debug)]
pub(crate) struct Resource {
    kind: Kind,
    /// Who has it.
    pub(crate) service: Service,
    /// Path of the listing with detail.
    pub(crate) list: &'static [&'static str],
    /// Key of the list in a page, and path of a single one.
    pub(crate) plural: &'static str,
    /// Key around a single one; `None` where it stands bare.
    pub(crate) single: Option<&'static str>,
    /// Fields that a listing lacks. They are left out of a single one too: else the document would change
    /// with the way it was read, and each way would be an event.
    pub(crate) only_in_single: &'static [&'static str],
    /// Queries that together make the listing of what the account holds.
    own: &'static [Query],
    /// Queries that together make the listing of what is published.
    published: &'static [Query],
    /// Maps one document.
    pub(crate) map: fn(&View<'_>, Value) -> Result<Observed>,
}

/// Query parameters besides limit and marker.
type Query = &'static [(&'static str, &'static str)];

impl Resource {
    /// The queries of a listing, one after the other.
    pub(crate) fn passes(&self, scope: ListScope) -> Result<&'static [Query]> {
        let passes = match scope {
            ListScope::Own => self.own,
            ListScope::Published => self.published,
        };
        if passes.is_empty() {
            let message = format!("OpenStack publishes no {}", self.kind.spec().plural);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(passes)
    }

    /// The kind.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

/// A plain listing.
const PLAIN: &[Query] = &[&[]];

static ALL: [Resource; 4] = [
    Resource {
        kind: Instance::KIND,
        service: Service::Compute,
        list: &["servers", "detail"],
        plural: "servers",
        single: Some("server"),
        only_in_single: &["server_groups"],
        own: PLAIN,
        published: &[],
        map: wire::server::observe,
    },
    Resource {
        kind: InstanceType::KIND,
        service: Service::Compute,
        list: &["flavors", "detail"],
        plural: "flavors",
        single: Some("flavor"),
        only_in_single: &[],
        own: PLAIN,
        published: PLAIN,
        map: wire::flavor::observe,
    },
    Resource {
        kind: Image::KIND,
        service: Service::Image,
        list: &["images"],
        plural: "images",
        single: None,
        only_in_single: &[],
        // Hidden images are left out of a listing unless asked for, and still boot: two passes.
        own: &[&[], &[("os_hidden", "true")]],
        published: &[&[("visibility", "public")], &[("visibility", "public"), ("os_hidden", "true")]],
        map: wire::image::observe,
    },
    Resource {
        kind: Volume::KIND,
        service: Service::Volume,
        list: &["volumes", "detail"],
        plural: "volumes",
        single: Some("volume"),
        only_in_single: &[],
        own: PLAIN,
        published: &[],
        map: wire::volume::observe,
    },
];

/// What callers are told.
pub(crate) static KINDS: [KindCapability; 4] = [
    KindCapability { kind: Instance::KIND, published: false, own: true, get: true, says_state: true },
    KindCapability { kind: InstanceType::KIND, published: true, own: true, get: true, says_state: false },
    KindCapability { kind: Image::KIND, published: true, own: true, get: true, says_state: true },
    KindCapability { kind: Volume::KIND, published: false, own: true, get: true, says_state: true },
];

/// Where a kind is found.
pub(crate) fn of(kind: Kind) -> Result<&'static Resource> {
    ALL.iter().find(|resource| resource.kind == kind).ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, format!("the OpenStack driver has no {}", kind.spec().plural))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_is_what_can_be_listed() {
        for capability in &KINDS {
            let resource = of(capability.kind).unwrap();
            assert_eq!(resource.passes(ListScope::Own).is_ok(), capability.own, "{}", capability.kind);
            assert_eq!(resource.passes(ListScope::Published).is_ok(), capability.published);
        }
        assert_eq!(KINDS.len(), ALL.len());
    }
}
