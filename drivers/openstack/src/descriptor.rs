//! The description of one kind: how OpenStack lists, reads and changes it.

use gateway_core::document::observation::Observed;
use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Kind, VerbSupport};
use serde_json::Value;

use crate::document::View;
use crate::listing::{Form, Pass};
use crate::paging::Pages;
use crate::related::Related;

/// A kind in OpenStack's APIs. Each file of `kinds/` has one.
pub(crate) struct Descriptor {
    /// The kind.
    pub(crate) kind: Kind,
    /// Queries that together list what the account holds.
    pub(crate) own: &'static [Pass],
    /// Queries that together list what the cloud publishes.
    pub(crate) published: &'static [Pass],
    /// The way to read one document by its native key.
    pub(crate) lookup: Lookup,
    /// Fields removed from every document: those that only a listing or only a single read has (the document must not
    /// depend on how it was read), and those that readers must not see.
    pub(crate) omitted: &'static [&'static str],
    /// Tells whether a document is of this kind.
    pub(crate) is_kind: fn(&Value) -> bool,
    /// Several documents may be one resource. They are adjacent, and the first counts.
    pub(crate) has_duplicates: bool,
    /// Every document has a state word.
    pub(crate) says_state: bool,
    /// The further documents that the mapping needs.
    pub(crate) related: Related,
    /// Maps one document.
    pub(crate) observe: fn(&View<'_>, Value) -> Result<Observed>,
    /// The supported verbs; `actions.rs` carries them out.
    pub(crate) commands: &'static [VerbSupport],
}

/// The way to one document.
#[derive(Clone, Copy)]
pub(crate) enum Lookup {
    /// By the id in the path: the native key up to its first slash. `key` is the key around the document, if any.
    Id { path: &'static str, key: Option<&'static str> },
    /// By user and name.
    UserAndName,
    /// In the listing, filtered by these parameters to both parts of the native key.
    Filtered([&'static str; 2]),
    /// In the whole answer of the service that the native key names.
    Whole,
}

impl Descriptor {
    /// Returns a kind without lists and commands, whose documents are read as they are listed.
    pub(crate) const fn new(
        kind: Kind,
        lookup: Lookup,
        observe: fn(&View<'_>, Value) -> Result<Observed>,
    ) -> Self {
        Self {
            kind,
            own: &[],
            published: &[],
            lookup,
            omitted: &[],
            is_kind: |_| true,
            has_duplicates: false,
            says_state: false,
            related: Related::None,
            observe,
            commands: &[],
        }
    }

    /// Returns the capability that callers see.
    pub(crate) const fn capability(&self) -> KindCapability {
        KindCapability {
            kind: self.kind,
            own: !self.own.is_empty(),
            published: !self.published.is_empty(),
            get: true,
            says_state: self.says_state,
        }
    }

    /// Returns the queries of a listing, in order.
    ///
    /// # Errors
    /// `Unsupported` if the kind has no such listing.
    pub(crate) fn passes(&self, scope: ListScope) -> Result<&'static [Pass]> {
        let (passes, which) = match scope {
            ListScope::Own => (self.own, "an account's own"),
            ListScope::Published => (self.published, "published"),
        };
        if passes.is_empty() {
            let message = format!("OpenStack has no {which} {}", self.kind.spec().plural);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(passes)
    }

    /// Returns the queries of the own listing, or else of the published one.
    pub(crate) fn any_passes(&self) -> &'static [Pass] {
        if self.own.is_empty() { self.published } else { self.own }
    }

    /// Returns the form of the list that has the documents; `None` if one answer has them all.
    pub(crate) fn pages(&self) -> Option<Pages> {
        match self.any_passes()[0].form {
            Form::Pages(pages) => Some(pages),
            Form::Children(_, children) => Some(children.pages),
            Form::Whole(_) => None,
        }
    }
}
