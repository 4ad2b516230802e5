//! The kinds that the driver has: where each is found, in which form, and who maps it.

mod cinder;
mod glance;
mod neutron;
mod nova;
mod several;

use gateway_core::document::observation::Observed;
use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{
    Canonical, Datacenter, Image, Instance, InstanceType, IpAddress, IpAddressBinding, Kind, Network,
    NetworkInterface, Quota, Router, SecurityGroup, SecurityGroupRule, SshKey, Subnet, Volume,
    VolumeAttachment, VolumeSnapshot, VolumeType,
};
use serde_json::Value;

use crate::catalog::Service;
use crate::wire::View;

/// One kind in OpenStack's API.
pub(crate) struct Resource {
    /// The kind.
    pub(crate) kind: Kind,
    /// Passes that together make the listing of what the account holds.
    own: &'static [Pass],
    /// Passes that together make the listing of what is published.
    published: &'static [Pass],
    /// How one is read by its native key.
    pub(crate) single: Single,
    /// Fields that are left out of every document: those that only a single read or only a listing shows (else the
    /// document would change with the way it was read, and each way would be an event), and those that are no
    /// business of readers.
    pub(crate) left_out: &'static [&'static str],
    /// Which of the documents are of this kind.
    pub(crate) is_one: fn(&Value) -> bool,
    /// Several documents may be one resource; they stand together then, and the first counts.
    pub(crate) has_twins: bool,
    /// Maps one document.
    pub(crate) map: fn(&View<'_>, Value) -> Result<Observed>,
}

/// One query of a listing.
pub(crate) struct Pass {
    /// Who is asked.
    pub(crate) service: Service,
    /// What for; [`PROJECT`] in it stands for the project's id.
    pub(crate) path: &'static [&'static str],
    /// Parameters besides limit and marker, with [`PROJECT`] as in the path.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The answer.
    pub(crate) form: Form,
    /// Only what belongs to others is meant: the account's own came with another pass.
    pub(crate) others_only: bool,
}

/// The form of an answer with several documents.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// One page of several, by limit and marker.
    Pages(Pages),
    /// Pages of what the documents belong to; the documents are asked for with its ids.
    Children(Pages, Children),
    /// All at once; taken apart into documents, `None` when it is of another form.
    Whole(fn(Value) -> Option<Vec<Value>>),
}

/// A list that comes in pages.
#[derive(Clone, Copy)]
pub(crate) struct Pages {
    /// Key of the list.
    pub(crate) key: &'static str,
    /// Key around each document; `None` where they stand bare.
    pub(crate) around: Option<&'static str>,
    /// The field that tells documents apart and that markers are made of.
    pub(crate) id: &'static str,
    /// A page that is not the last has a link to the next. Without links only an empty page is certainly the last.
    pub(crate) has_links: bool,
}

/// A list of what belongs to others, which are named in its query.
#[derive(Clone, Copy)]
pub(crate) struct Children {
    /// Path of the list.
    pub(crate) path: &'static [&'static str],
    /// Its form.
    pub(crate) pages: Pages,
    /// The parameter that names one that they belong to; it may be repeated.
    pub(crate) of: &'static str,
}

/// How one document is found.
#[derive(Clone, Copy)]
pub(crate) enum Single {
    /// By an id in the path: the native key up to its first slash. Where there is a key around it, it is named.
    Id { path: &'static str, around: Option<&'static str> },
    /// By a user and a name.
    UserAndName,
    /// In the listing, narrowed by these parameters to the parts of the native key.
    Narrowed([&'static str; 2]),
    /// In the whole answer of the service that the native key begins with; or ends with, after the project.
    Whole,
}

/// Stands for the project's id in paths and queries.
pub(crate) const PROJECT: &str = "{project}";

impl Pages {
    /// Bare documents with ids, and links between pages.
    pub(crate) const fn of(key: &'static str) -> Self {
        Self { key, around: None, id: "id", has_links: true }
    }
}

impl Pass {
    const fn pages(service: Service, path: &'static [&'static str], key: &'static str) -> Self {
        Self { service, path, query: &[], form: Form::Pages(Pages::of(key)), others_only: false }
    }

    const fn with(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }
}

impl Resource {
    /// A kind whose documents are read as they are listed.
    const fn new(kind: Kind, single: Single, map: fn(&View<'_>, Value) -> Result<Observed>) -> Self {
        Self {
            kind,
            own: &[],
            published: &[],
            single,
            left_out: &[],
            is_one: |_| true,
            has_twins: false,
            map,
        }
    }

    /// The passes of a listing, one after the other.
    pub(crate) fn passes(&self, scope: ListScope) -> Result<&'static [Pass]> {
        let (passes, verb) = match scope {
            ListScope::Own => (self.own, "gives accounts"),
            ListScope::Published => (self.published, "publishes"),
        };
        if passes.is_empty() {
            let message = format!("OpenStack {verb} no {}", self.kind.spec().plural);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(passes)
    }

    /// The passes of the kind's listing, of whichever scope it has.
    pub(crate) fn any_passes(&self) -> &'static [Pass] {
        if self.own.is_empty() { self.published } else { self.own }
    }
}

pub(crate) use glance::PAGES as IMAGES_PAGES;

static ALL: [&Resource; 18] = [
    &nova::INSTANCE,
    &nova::INSTANCE_TYPE,
    &glance::IMAGE,
    &cinder::VOLUME,
    &cinder::VOLUME_TYPE,
    &cinder::VOLUME_SNAPSHOT,
    &cinder::VOLUME_ATTACHMENT,
    &neutron::NETWORK,
    &neutron::SUBNET,
    &neutron::NETWORK_INTERFACE,
    &neutron::ROUTER,
    &neutron::IP_ADDRESS,
    &neutron::IP_ADDRESS_BINDING,
    &neutron::SECURITY_GROUP,
    &neutron::SECURITY_GROUP_RULE,
    &nova::SSH_KEY,
    &several::DATACENTER,
    &several::QUOTA,
];

/// What callers are told.
pub(crate) static KINDS: [KindCapability; 18] = [
    own(Instance::KIND, true),
    both(InstanceType::KIND, false),
    both(Image::KIND, true),
    own(Volume::KIND, true),
    both(VolumeType::KIND, false),
    own(VolumeSnapshot::KIND, true),
    own(VolumeAttachment::KIND, true),
    own(Network::KIND, true),
    own(Subnet::KIND, false),
    own(NetworkInterface::KIND, true),
    own(Router::KIND, true),
    own(IpAddress::KIND, true),
    own(IpAddressBinding::KIND, false),
    own(SecurityGroup::KIND, false),
    own(SecurityGroupRule::KIND, false),
    own(SshKey::KIND, false),
    KindCapability { kind: Datacenter::KIND, published: true, own: false, get: true, says_state: false },
    own(Quota::KIND, false),
];

const fn own(kind: Kind, says_state: bool) -> KindCapability {
    KindCapability { kind, published: false, own: true, get: true, says_state }
}

const fn both(kind: Kind, says_state: bool) -> KindCapability {
    KindCapability { kind, published: true, own: true, get: true, says_state }
}

/// Where a kind is found.
pub(crate) fn of(kind: Kind) -> Result<&'static Resource> {
    ALL.iter().copied().find(|resource| resource.kind == kind).ok_or_else(|| {
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
        assert!(Kind::ALL.iter().copied().all(|kind| of(kind).is_ok()), "OpenStack has every kind");
    }

    #[test]
    fn every_pass_of_others_follows_one_of_the_projects_own() {
        for resource in ALL {
            let of_others = resource.own.iter().filter(|pass| pass.others_only).count();
            assert!(of_others == 0 || resource.own[0].query.contains(&("project_id", PROJECT)));
        }
    }
}
