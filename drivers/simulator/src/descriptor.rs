//! The description of one kind of this cloud.

use gateway_core::document::observation::Observed;
use gateway_core::driver::{KindCapability, ListScope};
use gateway_core::kind::{Verb, VerbSupport};
use gateway_core::{Kind, Result};
use serde_json::Value;

use crate::document::{Common, Context};
use crate::error::unsupported_listing;

/// Commands of kinds with metadata and no actions.
pub(crate) const METADATA_COMMANDS: &[VerbSupport] =
    &[VerbSupport::new(Verb::Create), VerbSupport::new(Verb::Update), VerbSupport::new(Verb::Delete)];

/// Mapping of one document; the fields that all documents have are in `Common`.
type Observe = fn(&Context<'_>, &Common, Value) -> Result<Observed>;

/// A kind in the API of the simulated cloud. Each file of `kinds/` has one.
pub(crate) struct Descriptor {
    /// The kind.
    pub(crate) kind: Kind,
    /// Whether accounts have resources of the kind.
    pub(crate) own: bool,
    /// Whether the cloud publishes resources of the kind.
    pub(crate) published: bool,
    /// Whether documents have a status that `state.rs` maps.
    pub(crate) says_state: bool,
    /// Returns the cloud's own id in a native key, which has a second part if that id is not unique.
    pub(crate) external_id: fn(&str) -> &str,
    /// Maps one document.
    pub(crate) observe: Observe,
    /// Supported verbs; `actions.rs` executes them.
    pub(crate) commands: &'static [VerbSupport],
}

impl Descriptor {
    /// Returns a kind without listings and commands, whose native key is the id.
    pub(crate) const fn new(kind: Kind, observe: Observe) -> Self {
        Self {
            kind,
            own: false,
            published: false,
            says_state: false,
            external_id: |native_key| native_key,
            observe,
            commands: &[],
        }
    }

    /// Returns the capability of the kind.
    pub(crate) const fn capability(&self) -> KindCapability {
        KindCapability {
            kind: self.kind,
            own: self.own,
            published: self.published,
            get: true,
            says_state: self.says_state,
        }
    }

    /// Returns a scope in which the kind has a listing.
    pub(crate) const fn any_scope(&self) -> ListScope {
        if self.own { ListScope::Own } else { ListScope::Published }
    }

    /// Checks that the kind has a listing in a scope.
    ///
    /// # Errors
    /// `Unsupported` if it has not.
    pub(crate) fn check_scope(&self, scope: ListScope) -> Result<()> {
        let has_listing = match scope {
            ListScope::Own => self.own,
            ListScope::Published => self.published,
        };
        if has_listing { Ok(()) } else { Err(unsupported_listing(self.kind)) }
    }
}
