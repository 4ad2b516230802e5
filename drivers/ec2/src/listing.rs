//! How EC2 is asked for a kind: which calls make up its listings, and which show whether it may be listed.

use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::form::Form;
use crate::kinds::ALL;
use crate::options::Options;
use crate::part::Part;

/// The least that the cloud takes for a page.
const SMALLEST_PAGE: u32 = 5;

/// One kind at EC2: what it can do, and the calls that show it.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) capability: KindCapability,
    /// Those of one scope are one listing, in this order.
    pub(crate) parts: &'static [Part],
}

impl Description {
    /// How the kind is asked for.
    ///
    /// # Errors
    /// Unsupported, when EC2 has no such kind.
    pub(crate) fn of(kind: Kind) -> Result<&'static Self> {
        ALL.into_iter().find(|description| description.capability.kind == kind).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, format!("the driver for EC2 does not have {kind}"))
        })
    }

    /// The parts of a listing; none where there is nothing to ask.
    pub(crate) fn parts(&self, scope: ListScope, options: &Options) -> Vec<&'static Part> {
        let is_asked = |part: &&Part| part.scope == scope && part.call(options).is_some();
        self.parts.iter().filter(is_asked).collect()
    }

    /// The smallest calls that show whether the kind may be listed: one for each action.
    pub(crate) fn probes(&self, options: &Options) -> Vec<Form> {
        let mut probes: Vec<Form> = Vec::new();
        for part in self.parts {
            if probes.iter().all(|probe| probe.action() != part.action) {
                probes.extend(part.call(options).map(|form| part.sized(form, SMALLEST_PAGE)));
            }
        }
        probes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gateway_core::kind::{Canonical as _, Image, InstanceType, IpAddress, Router};

    use super::*;
    use crate::part::Single;

    fn pages(kind: Kind, scope: ListScope, options: &Options) -> Vec<String> {
        let parts = Description::of(kind).unwrap().parts(scope, options);
        parts.iter().map(|part| part.page(None, options).unwrap().body("v")).collect()
    }

    #[test]
    fn parts_of_a_description_are_told_apart_and_answer_for_one_another() {
        for description in ALL {
            let kind = description.capability.kind;
            let words: BTreeSet<_> = description.parts.iter().map(|part| part.word).collect();
            assert_eq!(words.len(), description.parts.len(), "{kind}");
            let scopes = [
                (ListScope::Own, description.capability.own),
                (ListScope::Published, description.capability.published),
            ];
            for (scope, has) in scopes {
                assert_eq!(description.parts.iter().any(|part| part.scope == scope), has, "{kind}");
            }
            let shows_single = |part: &Part| !matches!(part.single, Single::Elsewhere);
            assert_eq!(description.parts.iter().any(shows_single), description.capability.get, "{kind}");
        }
    }

    #[test]
    fn public_images_are_asked_for_only_where_owners_are_named() {
        let mut options = Options::default();
        assert!(pages(Image::KIND, ListScope::Published, &options).is_empty());
        options.public_image_owners = vec!["amazon".to_owned()];
        options.page_size = Some(50);
        assert_eq!(
            pages(Image::KIND, ListScope::Published, &options),
            ["Action=DescribeImages&Version=v&Owner.1=amazon&Filter.1.Name=is-public&Filter.1.Value.1=true\
              &MaxResults=50"]
        );
    }

    #[test]
    fn no_page_is_larger_than_the_cloud_takes() {
        for (page_size, expected) in
            [(None, "MaxResults=100"), (Some(1000), "MaxResults=100"), (Some(7), "MaxResults=7")]
        {
            let options = Options { page_size, ..Options::default() };
            let [form] = &pages(InstanceType::KIND, ListScope::Published, &options)[..] else { panic!() };
            assert!(form.ends_with(expected), "{form}");
        }
    }

    #[test]
    fn actions_without_pages_are_asked_for_none() {
        let options = Options { page_size: Some(5), ..Options::default() };
        assert_eq!(pages(IpAddress::KIND, ListScope::Own, &options), ["Action=DescribeAddresses&Version=v"]);
        let [probe] = &Description::of(IpAddress::KIND).unwrap().probes(&options)[..] else { panic!() };
        assert_eq!(probe.body("v"), "Action=DescribeAddresses&Version=v");
    }

    #[test]
    fn each_action_of_a_kind_is_probed_once() {
        let actions = |kind| {
            let probes = Description::of(kind).unwrap().probes(&Options::default());
            probes.iter().map(Form::action).collect::<Vec<_>>()
        };
        assert_eq!(actions(Router::KIND), ["DescribeRouteTables", "DescribeInternetGateways"]);
        assert_eq!(actions(Image::KIND), ["DescribeImages"]);
    }
}
