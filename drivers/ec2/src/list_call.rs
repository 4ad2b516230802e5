//! A call that lists resources of a kind: its parameters, its pages, and the mapping of its items.

use std::borrow::Cow;
use std::collections::BTreeSet;

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::ListScope;

use crate::config::Options;
use crate::form::Form;
use crate::origin::Origin;
use crate::xml::{Element, wrong_document};

/// A `Describe...` call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListCall {
    pub(crate) scope: ListScope,
    /// The call's name in page tokens, distinct within a descriptor.
    pub(crate) name: &'static str,
    pub(crate) action: &'static str,
    /// The element of the answer that holds the items.
    pub(crate) list: &'static str,
    /// The largest page of the action; `None` if the action has no pages.
    page_size: Option<u32>,
    /// Adds the parameters; `None` if there is nothing to ask for.
    parameters: fn(Form, &Options) -> Option<Form>,
    pub(crate) single: Single,
    pub(crate) mapping: Mapping,
    /// The instance types whose sizes the mapping needs.
    pub(crate) types: Option<TypeNames>,
}

/// Reads the names of instance types in the items of a list.
pub(crate) type TypeNames = fn(&[Element]) -> Result<BTreeSet<String>>;

/// The way in which a call shows a single resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Single {
    /// By a parameter that takes native keys.
    Parameter(&'static str),
    /// By a parameter and a value that are derived from the native key.
    Derived(fn(&str) -> (&'static str, &str)),
    /// By a filter that takes native keys.
    Filter(&'static str),
    /// Among all others only.
    Search,
    /// By another call of the descriptor.
    OtherCall,
}

/// The mapping from the items of a list to resources.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mapping {
    /// Each item is one resource.
    One(fn(&Element, Origin<'_>) -> Result<Observed>),
    /// Each item holds any number of resources of the listing.
    Many(fn(&Element, Origin<'_>) -> Result<Vec<Observed>>),
}

impl Mapping {
    /// Maps the items of a list.
    ///
    /// # Errors
    /// `WrongDocument`, when an item lacks a required field or has a field of the wrong type.
    pub(crate) fn items(self, items: &[Element], origin: Origin<'_>) -> Result<Vec<Observed>> {
        match self {
            Self::One(map) => items.iter().map(|item| map(item, origin)).collect(),
            Self::Many(map) => {
                let mut observed = Vec::with_capacity(items.len());
                for item in items {
                    observed.extend(map(item, origin)?);
                }
                Ok(observed)
            }
        }
    }
}

impl ListCall {
    /// Returns a call without pages for the scope [`ListScope::Own`].
    pub(crate) const fn new(
        action: &'static str,
        list: &'static str,
        single: Single,
        mapping: Mapping,
    ) -> Self {
        Self {
            scope: ListScope::Own,
            name: "all",
            action,
            list,
            page_size: None,
            parameters: |form, _| Some(form),
            single,
            mapping,
            types: None,
        }
    }

    /// Sets the largest page of the action.
    pub(crate) const fn paged(self, most: u32) -> Self {
        Self { page_size: Some(most), ..self }
    }

    /// Sets the scope to [`ListScope::Published`].
    pub(crate) const fn published(self) -> Self {
        Self { scope: ListScope::Published, ..self }
    }

    /// Sets the name in page tokens.
    pub(crate) const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Sets the parameters besides the action.
    pub(crate) const fn with_parameters(self, parameters: fn(Form, &Options) -> Option<Form>) -> Self {
        Self { parameters, ..self }
    }

    /// Sets the instance types whose sizes the mapping needs.
    pub(crate) const fn with_sizes(self, types: TypeNames) -> Self {
        Self { types: Some(types), ..self }
    }

    /// Returns the form for one page; `None` if there is nothing to ask for.
    pub(crate) fn page(&self, token: Option<&str>, options: &Options) -> Option<Form> {
        let form = self.sized(self.form(options)?, options.page_size.unwrap_or(u32::MAX));
        Some(form.with_some("NextToken", token))
    }

    /// Returns the form for a single resource; `None` if this call shows none.
    pub(crate) fn single(&self, key: &str, token: Option<&str>, options: &Options) -> Option<Form> {
        match self.single {
            Single::Parameter(name) => Some(Form::new(self.action).with_list(name, [key])),
            Single::Derived(derive) => {
                let (name, value) = derive(key);
                Some(Form::new(self.action).with_list(name, [value]))
            }
            Single::Filter(name) => Some(self.page(token, options)?.with_filter(name, [key])),
            Single::Search => self.page(token, options),
            Single::OtherCall => None,
        }
    }

    /// Returns whether the form for the resource `asked` can never show the resource `found`.
    pub(crate) fn excludes(&self, asked: &str, found: &str) -> bool {
        match self.single {
            Single::Parameter(_) => found != asked,
            Single::Derived(derive) => derive(found) != derive(asked),
            Single::Filter(_) | Single::Search | Single::OtherCall => false,
        }
    }

    /// Returns the items of an answer. Some clouds send the list in pieces, each under the list's name.
    ///
    /// # Errors
    /// `WrongDocument`, when the list is missing or holds anything but items.
    pub(crate) fn items<'a>(&self, answer: &'a Element) -> Result<Cow<'a, [Element]>> {
        let mut pieces = answer.children.iter().filter(|child| child.name == self.list);
        let first = pieces.next().ok_or_else(|| wrong_document("no list").with("list", self.list))?;
        let mut items = Cow::Borrowed(&first.children[..]);
        for piece in pieces {
            items.to_mut().extend_from_slice(&piece.children);
        }
        if items.iter().any(|item| item.name != "item") {
            return Err(wrong_document("a list with other elements than items").with("list", self.list));
        }
        Ok(items)
    }

    /// Returns the form without a page; `None` if there is nothing to ask for.
    pub(crate) fn form(&self, options: &Options) -> Option<Form> {
        (self.parameters)(Form::new(self.action), options)
    }

    /// Limits the page to that size or the largest of the action, if the action has pages.
    pub(crate) fn sized(&self, form: Form, size: u32) -> Form {
        match self.page_size {
            Some(most) => form.with("MaxResults", size.min(most)),
            None => form,
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;

    use super::*;
    use crate::kind::descriptor;

    #[test]
    fn list_in_pieces_is_read_as_one_list() {
        let [call] = descriptor(Kind::VolumeAttachment).unwrap().calls else { panic!() };
        let count = |inside: &str| {
            let answer = Element::parse(&format!("<a>{inside}</a>")).unwrap();
            call.items(&answer).map(|items| items.len()).ok()
        };
        assert_eq!(
            count("<volumeSet><item/></volumeSet><volumeSet/><volumeSet><item/></volumeSet>"),
            Some(2)
        );
        assert_eq!(count("<volumeSet><item/></volumeSet><volumeSet><entry/></volumeSet>"), None);
        assert_eq!(count("<images/>"), None);
    }

    #[test]
    fn attachment_of_another_volume_is_excluded() {
        let [call] = descriptor(Kind::VolumeAttachment).unwrap().calls else { panic!() };
        let form = call.single("vol-1/i-1", None, &Options::default()).unwrap();
        assert_eq!(form.body("v"), "Action=DescribeVolumes&Version=v&VolumeId.1=vol-1");
        assert!(!call.excludes("vol-1/i-1", "vol-1/i-2"), "the volume may also be in another instance");
        assert!(call.excludes("vol-1/i-1", "vol-2/i-1"));
    }
}
