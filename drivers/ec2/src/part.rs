//! One call of the cloud: which list it shows, page by page or one by one, and how the items are read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::ListScope;

use crate::form::Form;
use crate::kinds::Origin;
use crate::options::Options;
use crate::xml::{Element, odd};

/// A call that shows resources of a kind, in a series of pages where it has pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) scope: ListScope,
    /// Its name in page tokens, one of its own in each description.
    pub(crate) word: &'static str,
    pub(crate) action: &'static str,
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

    /// The items of an answer. Its list may come in pieces, each by the list's name.
    ///
    /// # Errors
    /// `WrongDocument`, when there is no list, or something else than items in it.
    pub(crate) fn items<'a>(&self, answer: &'a Element) -> Result<Cow<'a, [Element]>> {
        let mut pieces = answer.children.iter().filter(|child| child.name == self.set);
        let first = pieces.next().ok_or_else(|| odd("no list").with("list", self.set))?;
        let mut items = Cow::Borrowed(&first.children[..]);
        for piece in pieces {
            items.to_mut().extend_from_slice(&piece.children);
        }
        if items.iter().any(|item| item.name != "item") {
            return Err(odd("a list with something else than items").with("list", self.set));
        }
        Ok(items)
    }

    /// The call without any page; `None` where there is nothing to ask.
    pub(crate) fn call(&self, options: &Options) -> Option<Form> {
        (self.narrow)(Form::new(self.action), options)
    }

    /// A call for pages of that size, or the most that the cloud gives, if it gives pages.
    pub(crate) fn sized(&self, form: Form, size: u32) -> Form {
        match self.page_size {
            Some(most) => form.with("MaxResults", size.min(most)),
            None => form,
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::kind::{Canonical as _, VolumeAttachment};

    use super::*;
    use crate::listing::Description;

    #[test]
    fn a_list_in_pieces_is_one_list() {
        let [part] = Description::of(VolumeAttachment::KIND).unwrap().parts else { panic!() };
        let count = |inside: &str| {
            let answer = Element::parse(&format!("<a>{inside}</a>")).unwrap();
            part.items(&answer).map(|items| items.len()).ok()
        };
        assert_eq!(
            count("<volumeSet><item/></volumeSet><volumeSet/><volumeSet><item/></volumeSet>"),
            Some(2)
        );
        assert_eq!(count("<volumeSet><item/></volumeSet><volumeSet><entry/></volumeSet>"), None);
        assert_eq!(count("<images/>"), None);
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
