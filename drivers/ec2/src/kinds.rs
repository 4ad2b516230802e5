//! From EC2's documents to the kinds: one file each, with the calls that show the kind and the mapping.

pub(crate) mod datacenter;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod instance_type;
pub(crate) mod ip_address;
pub(crate) mod ip_address_binding;
pub(crate) mod network;
pub(crate) mod network_interface;
pub(crate) mod quota;
pub(crate) mod router;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod ssh_key;
pub(crate) mod subnet;
pub(crate) mod volume;
pub(crate) mod volume_attachment;
pub(crate) mod volume_snapshot;

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::{CloudSpec, KindCapability};
use gateway_core::id::Region;
use gateway_core::kind::{Canonical, Reference, SecurityGroup, State};
use gateway_core::{Error, Timestamp};

use self::instance_type::Size;
use crate::listing::Description;
use crate::xml::{Element, odd};

/// Every kind that EC2 has, in the order of documents.
pub(crate) const ALL: [&Description; 17] = [
    &instance::DESCRIPTION,
    &instance_type::DESCRIPTION,
    &image::DESCRIPTION,
    &volume::DESCRIPTION,
    &volume_snapshot::DESCRIPTION,
    &volume_attachment::DESCRIPTION,
    &network::DESCRIPTION,
    &subnet::DESCRIPTION,
    &network_interface::DESCRIPTION,
    &router::DESCRIPTION,
    &ip_address::DESCRIPTION,
    &ip_address_binding::DESCRIPTION,
    &security_group::DESCRIPTION,
    &security_group_rule::DESCRIPTION,
    &ssh_key::DESCRIPTION,
    &datacenter::DESCRIPTION,
    &quota::DESCRIPTION,
];

/// What each of [`ALL`] can do.
pub(crate) const fn capabilities() -> [KindCapability; ALL.len()] {
    let mut capabilities = [ALL[0].capability; ALL.len()];
    let mut at = 1;
    while at < ALL.len() {
        capabilities[at] = ALL[at].capability;
        at += 1;
    }
    capabilities
}

/// Where a document came from: what it does not say itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) region: &'a Region,
    /// The account that asked, by the cloud's own id.
    pub(crate) account: &'a str,
    /// Sizes of the instance types that the mapping asked for, as far as they are known.
    pub(crate) sizes: &'a BTreeMap<String, Size>,
}

impl Origin<'_> {
    /// A reference to another resource of the same region by the cloud's id.
    pub(crate) fn reference<T: Canonical>(&self, id: &str) -> Reference {
        let derived = self.cloud.resource_id(self.region, T::KIND, id);
        Reference { id: Some(derived), external_id: Some(id.to_owned()), name: None }
    }
}

/// A security group as an item of `groupSet` names it.
pub(crate) fn security_group(group: &Element, origin: Origin<'_>) -> Reference {
    let reference = group.text_at(&["groupId"]).map(|id| origin.reference::<SecurityGroup>(id));
    Reference { name: group.owned_at(&["groupName"]), ..reference.unwrap_or_default() }
}

/// The canonical state of the cloud's word.
pub(crate) fn state_of<S: State>(table: &[(&str, S)], word: &str, unknown: S) -> S {
    table.iter().find(|(known, _)| *known == word).map_or(unknown, |(_, state)| *state)
}

/// All tags.
pub(crate) fn tags(element: &Element) -> BTreeMap<String, String> {
    element
        .items(&["tagSet"])
        .filter_map(|tag| {
            let key = tag.text_at(&["key"])?.to_owned();
            // A tag's value keeps its spaces.
            Some((key, tag.child("value").map(|value| value.text.clone()).unwrap_or_default()))
        })
        .collect()
}

/// The tag that EC2's users name things by; empty where there is none.
pub(crate) fn name_tag(tags: &BTreeMap<String, String>) -> String {
    tags.get("Name").cloned().unwrap_or_default()
}

/// Sets the owner, ours where the cloud names none: what another account owns is seen because it is shared with us.
pub(crate) fn set_owner(observed: &mut Observed, owner: Option<&str>, origin: Origin<'_>) {
    let owner = owner.unwrap_or(origin.account);
    observed.owner = Some(owner.to_owned());
    observed.visibility = if owner == origin.account { Visibility::Private } else { Visibility::Shared };
}

/// Whether an association holds, by the state in its child of that name; without one it does.
pub(crate) fn is_associated(association: &Element, state: &str) -> bool {
    matches!(association.text_at(&[state, "state"]), None | Some("associated"))
}

/// The address ranges in a list of associations, as far as these hold.
pub(crate) fn associated_cidrs(element: &Element, set: &str, name: &str, state: &str) -> Vec<String> {
    let associations = element.items(&[set]).filter(|item| is_associated(item, state));
    associations.filter_map(|item| item.owned_at(&[name])).collect()
}

/// The time at the end of a path.
///
/// # Errors
/// `WrongDocument`, when there is text that is no time.
pub(crate) fn time_at(element: &Element, path: &[&str]) -> Result<Option<Timestamp>, Error> {
    element
        .text_at(path)
        .map(|text| Timestamp::parse(text).ok_or_else(|| odd("not a time").with("field", path.join("."))))
        .transpose()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Runs a mapping on a document, as account 111 asked for it in region r1.
    pub(crate) fn with_origin<R>(document: &str, map: impl FnOnce(&Element, Origin<'_>) -> R) -> R {
        let cloud = crate::testing::cloud("https://ec2.example", serde_json::json!({}));
        let element = Element::parse(document).unwrap();
        let sizes = BTreeMap::new();
        map(&element, Origin { cloud: &cloud, region: &Region::new("r1"), account: "111", sizes: &sizes })
    }
}
