//! The descriptor of a kind: its capability, its verbs, and the calls that list and read it.

use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::kind::{Verb, VerbSupport};

use crate::config::Options;
use crate::form::Form;
use crate::list_call::ListCall;

/// Items in the page of a probe. EC2 accepts no smaller pages.
const PROBE_PAGE: u32 = 5;

/// `create` in the verbs of a descriptor.
pub(crate) const CREATE: VerbSupport = VerbSupport::new(Verb::Create);
/// `update` in the verbs of a descriptor.
pub(crate) const UPDATE: VerbSupport = VerbSupport::new(Verb::Update);
/// `delete` in the verbs of a descriptor.
pub(crate) const DELETE: VerbSupport = VerbSupport::new(Verb::Delete);

/// A kind at EC2.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) capability: KindCapability,
    /// The verbs that EC2 supports.
    pub(crate) verbs: &'static [VerbSupport],
    /// The calls that show the kind. A listing of one scope makes all calls of that scope, in this order.
    pub(crate) calls: &'static [ListCall],
}

impl Descriptor {
    /// Returns the calls of a listing; none if there is nothing to ask for.
    pub(crate) fn calls(&self, scope: ListScope, options: &Options) -> Vec<&'static ListCall> {
        let is_made = |call: &&ListCall| call.scope == scope && call.form(options).is_some();
        self.calls.iter().filter(is_made).collect()
    }

    /// Returns the smallest calls that show whether the key may list the kind: one per action.
    pub(crate) fn probes(&self, options: &Options) -> Vec<Form> {
        let mut probes: Vec<Form> = Vec::new();
        for call in self.calls {
            if probes.iter().all(|probe| probe.action() != call.action) {
                probes.extend(call.form(options).map(|form| call.sized(form, PROBE_PAGE)));
            }
        }
        probes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gateway_core::Kind;

    use super::*;
    use crate::kind::{ALL, descriptor};
    use crate::list_call::Single;

    fn pages(kind: Kind, scope: ListScope, options: &Options) -> Vec<String> {
        let calls = descriptor(kind).unwrap().calls(scope, options);
        calls.iter().map(|call| call.page(None, options).unwrap().body("v")).collect()
    }

    #[test]
    fn calls_of_a_descriptor_have_distinct_names_and_cover_its_capability() {
        for descriptor in ALL {
            let kind = descriptor.capability.kind;
            let names: BTreeSet<_> = descriptor.calls.iter().map(|call| call.name).collect();
            assert_eq!(names.len(), descriptor.calls.len(), "{kind}");
            let scopes = [
                (ListScope::Own, descriptor.capability.own),
                (ListScope::Published, descriptor.capability.published),
            ];
            for (scope, has) in scopes {
                assert_eq!(descriptor.calls.iter().any(|call| call.scope == scope), has, "{kind}");
            }
            let shows_single = |call: &ListCall| !matches!(call.single, Single::OtherCall);
            assert_eq!(descriptor.calls.iter().any(shows_single), descriptor.capability.get, "{kind}");
        }
    }

    #[test]
    fn public_images_are_listed_only_for_configured_owners() {
        let mut options = Options::default();
        assert!(pages(Kind::Image, ListScope::Published, &options).is_empty());
        options.public_image_owners = vec!["amazon".to_owned()];
        options.page_size = Some(50);
        assert_eq!(
            pages(Kind::Image, ListScope::Published, &options),
            ["Action=DescribeImages&Version=v&Owner.1=amazon&Filter.1.Name=is-public&Filter.1.Value.1=true\
              &MaxResults=50"]
        );
    }

    #[test]
    fn page_size_is_limited_by_the_action() {
        for (page_size, expected) in
            [(None, "MaxResults=100"), (Some(1000), "MaxResults=100"), (Some(7), "MaxResults=7")]
        {
            let options = Options { page_size, ..Options::default() };
            let [form] = &pages(Kind::InstanceType, ListScope::Published, &options)[..] else { panic!() };
            assert!(form.ends_with(expected), "{form}");
        }
    }

    #[test]
    fn page_size_is_not_sent_to_actions_without_pages() {
        let options = Options { page_size: Some(5), ..Options::default() };
        assert_eq!(pages(Kind::IpAddress, ListScope::Own, &options), ["Action=DescribeAddresses&Version=v"]);
        let [probe] = &descriptor(Kind::IpAddress).unwrap().probes(&options)[..] else { panic!() };
        assert_eq!(probe.body("v"), "Action=DescribeAddresses&Version=v");
    }

    #[test]
    fn each_action_of_a_kind_is_probed_once() {
        let actions = |kind| {
            let probes = descriptor(kind).unwrap().probes(&Options::default());
            probes.iter().map(Form::action).collect::<Vec<_>>()
        };
        assert_eq!(actions(Kind::Router), ["DescribeRouteTables", "DescribeInternetGateways"]);
        assert_eq!(actions(Kind::Image), ["DescribeImages"]);
    }
}
