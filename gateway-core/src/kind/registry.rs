//! The registry of kinds. A new kind is one file, and one line in each list here.

use super::name::Kind;
use super::relation::Relation;
use super::spec::KindSpec;
use super::{
    datacenter, image, instance, instance_type, ip_address, ip_address_binding, network, network_interface,
    quota, router, security_group, security_group_rule, ssh_key, subnet, volume, volume_attachment,
    volume_snapshot, volume_type,
};

/// The description of every kind, in the order of documents.
pub static ALL: &[&KindSpec] = &[
    &instance::SPEC,
    &instance_type::SPEC,
    &image::SPEC,
    &volume::SPEC,
    &volume_type::SPEC,
    &volume_snapshot::SPEC,
    &volume_attachment::SPEC,
    &network::SPEC,
    &subnet::SPEC,
    &network_interface::SPEC,
    &router::SPEC,
    &ip_address::SPEC,
    &ip_address_binding::SPEC,
    &security_group::SPEC,
    &security_group_rule::SPEC,
    &ssh_key::SPEC,
    &datacenter::SPEC,
    &quota::SPEC,
];

impl Kind {
    /// Returns the kind whose collection has that name, such as `instances`.
    pub fn parse_plural(plural: &str) -> Option<Self> {
        ALL.iter().find(|spec| spec.plural == plural).map(|spec| spec.kind)
    }

    /// Returns the description of the kind.
    pub fn spec(self) -> &'static KindSpec {
        // A test compares both lists, so that the position is right for every kind.
        ALL[self as usize]
    }

    /// Returns the relations of other kinds that lead to this one.
    pub fn named_by(self) -> Vec<(&'static KindSpec, &'static Relation)> {
        let relations = |spec: &'static KindSpec| spec.relations.iter().map(move |relation| (spec, relation));
        let all = ALL.iter().copied().flat_map(relations);
        all.filter(|(_, relation)| relation.to == self).collect()
    }
}

impl Relation {
    /// Returns the name of the link from a document.
    pub fn link(&self) -> &'static str {
        if self.many { self.to.spec().plural } else { self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_spec() {
        assert_eq!(ALL.iter().map(|spec| spec.kind).collect::<Vec<_>>(), Kind::ALL);
    }

    #[test]
    fn every_next_state_is_in_the_table() {
        for spec in ALL {
            for state in spec.states {
                for next in state.next {
                    assert!(spec.state(next).is_some(), "{}: {} -> {next}", spec.kind, state.name);
                }
            }
        }
    }

    #[test]
    fn links_of_a_kind_have_distinct_names() {
        for spec in ALL {
            let mut links: Vec<_> = spec.relations.iter().map(Relation::link).collect();
            links.extend(spec.kind.named_by().iter().map(|(_, relation)| relation.inverse));
            let count = links.len();
            links.extend(["self", "related"]);
            links.sort_unstable();
            links.dedup();
            assert_eq!(links.len(), count + 2, "{}: {links:?}", spec.kind);
        }
    }

    #[test]
    fn filters_are_fields() {
        for spec in ALL {
            let schema = serde_json::to_value(&(spec.schema)()[0].1).unwrap();
            let paths = spec.relations.iter().map(|relation| relation.path[0]);
            for field in spec.filters.iter().copied().chain(paths) {
                assert!(schema["properties"][field].is_object(), "{}: {field}", spec.kind);
            }
        }
    }

    #[test]
    fn names_are_unique_and_fit_routing_keys() {
        let mut names: Vec<_> = ALL.iter().flat_map(|spec| [spec.kind.as_str(), spec.plural]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len() * 2);
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
