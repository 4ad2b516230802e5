//! Poll targets: what they are, how they come to be, and their leases.

mod creation;
mod lease;
mod outcome;
mod record;
mod state;
mod status;

pub use lease::Fence;
pub use outcome::PollOutcome;
pub use record::Target;
pub use state::{TargetChange, TargetState};
pub use status::TargetStatus;

pub(crate) use record::TargetRow;
pub(crate) use state::StateRow;
