//! How EC2 is asked for a kind: which calls make up a listing, and which shows a single one.

use std::collections::BTreeSet;

use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::observation::Observed;
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::form::Form;
use crate::kinds::{ALL, Origin};
use crate::options::Options;
use crate::xml::Element;

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

/// A call that shows resources of a kind, in a series of pages where it has pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) scope: ListScope,
    /// Its name in page tokens, one of its own in each description.
    pub(crate) word: &'static str,
    action: &'static str,
    /// The list in the answer.
    pub(crate) set: &'static str,
    /// The most that the cloud puts on a page; `None` where the action has no pages.
    page_size: Option<u32>,
    /// What the call names beside its action; `None` where there is nothing to ask.
    narrow: fn(Form, &Options) -> Option<Form>,
    pub(crate) single: Single,
    pub(crate) map: Map,
    /// The instance types whose sizes the mapping needs.
    pub(crate) types: Option<TypeNames>,
}

/// Reads the names of instance types off the items of a list.
pub(crate) type TypeNames = fn(&[Element]) -> Result<BTreeSet<String>>;

/// How a part shows a single resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Single {
    /// The parameter takes native keys.
    Parameter(&'static str),
    /// A parameter with its value follow from the native key.
    Derived(fn(&str) -> (&'static str, &str)),
    /// The filter takes native keys.
    Filter(&'static str),
    /// Only among all others.
    Search,
    /// Another part shows it.
    Elsewhere,
}

/// What the items of a list are read by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Map {
    /// Each is one resource.
    One(fn(&Element, Origin<'_>) -> Result<Observed>),
    /// Each holds any number of resources, or is none that the part means.
    Many(fn(&Element, Origin<'_>) -> Result<Vec<Observed>>),
}

impl Map {
    /// Reads the items of a list.
    ///
    /// # Errors
    /// `WrongDocument`, when one of them is odd.
    pub(crate) fn items(self, items: &[Element], origin: Origin<'_>) -> Result<Vec<Observed>> {
        match self {
            Self::One(map) => items.iter().map(|item| map(item, origin)).collect(),
            Self::Many(map) => {
                let mut seen = Vec::with_capacity(items.len());
                for item in items {
                    seen.extend(map(item, origin)?);
                }
                Ok(seen)
            }
        }
    }
}

impl Part {
    /// A call without pages that shows what accounts hold.
    pub(crate) const fn new(action: &'static str, set: &'static str, single: Single, map: Map) -> Self {
        Self {
            scope: ListScope::Own,
            word: "all",
            action,
            set,
            page_size: None,
            narrow: |form, _| Some(form),
            single,
            map,
            types: None,
        }
    }

    /// With pages of so many at most.
    pub(crate) const fn paged(self, most: u32) -> Self {
        Self { page_size: Some(most), ..self }
    }

    /// For what the cloud publishes.
    pub(crate) const fn published(self) -> Self {
        Self { scope: ListScope::Published, ..self }
    }

    /// Under another name in page tokens.
    pub(crate) const fn called(self, word: &'static str) -> Self {
        Self { word, ..self }
    }

    /// With more in the call than its action.
    pub(crate) const fn narrowed(self, narrow: fn(Form, &Options) -> Option<Form>) -> Self {
        Self { narrow, ..self }
    }

    /// With the sizes of these instance types at hand.
    pub(crate) const fn with_sizes(self, types: TypeNames) -> Self {
        Self { types: Some(types), ..self }
    }

    /// The call for one page; `None` where there is nothing to ask.
    pub(crate) fn page(&self, token: Option<&str>, options: &Options) -> Option<Form> {
        let form = self.sized(self.call(options)?, options.page_size.unwrap_or(u32::MAX));
        Some(match token {
            Some(token) => form.with("NextToken", token),
            None => form,
        })
    }

    /// The call for a single one; `None` where the part shows none.
    pub(crate) fn single(&self, key: &str, token: Option<&str>, options: &Options) -> Option<Form> {
        match self.single {
            Single::Parameter(name) => Some(Form::new(self.action).with_list(name, [key])),
            Single::Derived(derive) => {
                let (name, value) = derive(key);
                Some(Form::new(self.action).with_list(name, [value]))
            }
            Single::Filter(name) => Some(self.page(token, options)?.with_filter(name, [key])),
            Single::Search => self.page(token, options),
            Single::Elsewhere => None,
        }
    }

    /// Whether the call for one resource can never answer with the other.
    pub(crate) fn is_stray(&self, asked: &str, found: &str) -> bool {
        match self.single {
            Single::Parameter(_) => found != asked,
            Single::Derived(derive) => derive(found) != derive(asked),
            Single::Filter(_) | Single::Search | Single::Elsewhere => false,
        }
    }

    fn call(&self, options: &Options) -> Option<Form> {
        (self.narrow)(Form::new(self.action), options)
    }

    fn sized(&self, form: Form, size: u32) -> Form {
        match self.page_size {
            Some(most) => form.with("MaxResults", size.min(most)),
            None => form,
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::Canonical as _;
    use gateway_core::kinds::{Image, InstanceType, IpAddress, Router, VolumeAttachment};

    use super::*;

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

    #[test]
    fn an_answer_for_another_resource_is_a_stray() {
        let [part] = Description::of(VolumeAttachment::KIND).unwrap().parts else { panic!() };
        let form = part.single("vol-1/i-1", None, &Options::default()).unwrap();
        assert_eq!(form.body("v"), "Action=DescribeVolumes&Version=v&VolumeId.1=vol-1");
        assert!(!part.is_stray("vol-1/i-1", "vol-1/i-2"), "the volume is also in another instance");
        assert!(part.is_stray("vol-1/i-1", "vol-2/i-1"));
    }
}
