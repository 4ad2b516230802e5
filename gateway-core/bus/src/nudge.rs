//! Hints between processes: sent to all, kept by nobody, never relied upon.

use gateway_core::id::{PrincipalId, TargetId};
use serde::{Deserialize, Serialize};

/// Nudges that a receiver may be behind before it misses some; they are hints, so that few are enough.
pub(crate) const BACKLOG: usize = 256;

/// Something that another process may want to look at now instead of at its next turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "nudge", rename_all = "snake_case")]
pub enum Nudge {
    /// What this principal may see has changed: forget what you remember of it.
    Authority {
        /// Whose.
        principal: PrincipalId,
    },
    /// Targets became due: pollers look now.
    TargetsDue,
    /// A target that somebody waits for was listed, or could not be.
    TargetListed {
        /// Which.
        target: TargetId,
    },
    /// Rows were written to the outbox: the relay looks now.
    EventsWaiting,
}
