//! Capabilities: the kinds, verbs and credentials that a type of cloud supports.

use crate::kind::{Kind, Verb, VerbSupport};

/// A kind as a type of cloud supports it.
#[derive(Clone, Copy, Debug)]
pub struct KindCapability {
    /// The kind.
    pub kind: Kind,
    /// Whether the cloud publishes resources of the kind to every account. These are listed once, with
    /// [`ListScope::Published`](super::ListScope::Published).
    pub published: bool,
    /// Whether accounts hold resources of the kind. These are listed per account, with
    /// [`ListScope::Own`](super::ListScope::Own).
    pub own: bool,
    /// Whether a single resource can be read, so that its absence is proven without a second listing.
    pub get: bool,
    /// Whether every document of the kind carries the cloud's own word for its state. Otherwise the driver derives
    /// the canonical state from other fields, if the kind has states.
    pub says_state: bool,
}

/// Everything that a type of cloud supports. Callers ask here before they call a driver.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// The kinds that can be listed with detail, each once.
    pub kinds: &'static [KindCapability],
    /// The verbs of each kind.
    pub verbs: &'static [(Kind, &'static [VerbSupport])],
    /// The forms of credentials that are accepted, by [`Credential::method`].
    ///
    /// [`Credential::method`]: crate::access::credential::Credential::method
    pub credentials: &'static [&'static str],
}

impl Capability {
    /// Returns the support of a kind, if the cloud has the kind.
    pub fn of(&self, kind: Kind) -> Option<&KindCapability> {
        self.kinds.iter().find(|capability| capability.kind == kind)
    }

    /// Returns the verbs that the cloud supports for a kind.
    pub fn verbs(&self, kind: Kind) -> &'static [VerbSupport] {
        self.verbs.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, verbs)| verbs)
    }

    /// Returns the support of one verb of a kind, if the cloud has the verb.
    pub fn can(&self, kind: Kind, verb: Verb) -> Option<VerbSupport> {
        self.verbs(kind).iter().copied().find(|can| can.verb == verb)
    }
}
