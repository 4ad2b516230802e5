//! Nudges: hints between processes, sent to all, not stored and never relied upon.

use gateway_core::id::{PrincipalId, TargetId};
use serde::{Deserialize, Serialize};

/// The most nudges that a receiver may be behind. Nudges are hints, so that a small number is enough.
pub(crate) const BACKLOG: usize = 256;

/// A hint to look at something now instead of at the next turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "nudge", rename_all = "snake_case")]
pub enum Nudge {
    /// The visibility of a principal changed; caches of it are invalid.
    Authority {
        /// The principal.
        principal: PrincipalId,
    },
    /// Targets became due, for pollers.
    TargetsDue,
    /// A target with a refresh request was listed, or its listing failed.
    TargetListed {
        /// The target.
        target: TargetId,
    },
    /// Rows were written to the outbox, for the relay.
    EventsWaiting,
}
