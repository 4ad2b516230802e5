//! The status words of the cloud, and the transitions that happen by themselves.

/// A status; each kind uses some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    // Instances.
    Booting,
    Active,
    Cycling,
    Halting,
    Halted,
    Waking,
    Failed,
    Frozen,
    Asleep,
    Stored,
    Resizing,
    Resized,
    Rebuilding,
    Removing,
    Removed,
    // Volumes.
    Forming,
    Free,
    Growing,
    Attached,
    // Images.
    Empty,
    Filling,
    Uploading,
    Ready,
    // Snapshots.
    Copying,
    Whole,
    // Volumes, images and snapshots.
    Erasing,
    // Instance types and volume types.
    Offered,
    // Attachments.
    Held,
    // Networks.
    Carrying,
    // Interfaces.
    Attaching,
    Live,
    Dark,
    // Routers.
    Passing,
    // Public addresses.
    Bound,
    Spare,
    // Datacenters.
    Open,
    // Kinds without a life cycle.
    Kept,
}

/// Transition out of a status without a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The status is stable.
    Stays,
    /// Another status follows after the transit time.
    Becomes(Status),
    /// The record is removed after the transit time.
    Gone,
}

impl Status {
    /// Returns the word of the status in documents.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Booting => "BOOTING",
            Self::Active => "ACTIVE",
            Self::Cycling => "CYCLING",
            Self::Halting => "HALTING",
            Self::Halted => "HALTED",
            Self::Waking => "WAKING",
            Self::Failed => "FAILED",
            Self::Frozen => "FROZEN",
            Self::Asleep => "ASLEEP",
            Self::Stored => "STORED",
            Self::Resizing => "RESIZING",
            Self::Resized => "RESIZED",
            Self::Rebuilding => "REBUILDING",
            Self::Removing => "REMOVING",
            Self::Removed => "REMOVED",
            Self::Forming => "FORMING",
            Self::Free => "FREE",
            Self::Growing => "GROWING",
            Self::Attached => "ATTACHED",
            Self::Empty => "EMPTY",
            Self::Filling => "FILLING",
            Self::Uploading => "UPLOADING",
            Self::Ready => "READY",
            Self::Copying => "COPYING",
            Self::Whole => "WHOLE",
            Self::Erasing => "ERASING",
            Self::Offered => "OFFERED",
            Self::Held => "HELD",
            Self::Carrying => "CARRYING",
            Self::Attaching => "ATTACHING",
            Self::Live => "LIVE",
            Self::Dark => "DARK",
            Self::Passing => "PASSING",
            Self::Bound => "BOUND",
            Self::Spare => "SPARE",
            Self::Open => "OPEN",
            Self::Kept => "KEPT",
        }
    }

    /// Returns the transition out of the status.
    pub(crate) const fn outcome(self) -> Outcome {
        match self {
            Self::Booting | Self::Cycling | Self::Waking | Self::Rebuilding => Outcome::Becomes(Self::Active),
            Self::Resizing => Outcome::Becomes(Self::Resized),
            Self::Halting => Outcome::Becomes(Self::Halted),
            Self::Removing => Outcome::Becomes(Self::Removed),
            Self::Forming | Self::Growing => Outcome::Becomes(Self::Free),
            Self::Uploading => Outcome::Becomes(Self::Ready),
            Self::Copying => Outcome::Becomes(Self::Whole),
            Self::Removed | Self::Erasing => Outcome::Gone,
            Self::Active
            | Self::Halted
            | Self::Failed
            | Self::Frozen
            | Self::Asleep
            | Self::Stored
            | Self::Resized
            | Self::Free
            | Self::Attached
            | Self::Empty
            | Self::Filling
            | Self::Ready
            | Self::Whole
            | Self::Offered
            | Self::Held
            | Self::Carrying
            | Self::Attaching
            | Self::Live
            | Self::Dark
            | Self::Passing
            | Self::Bound
            | Self::Spare
            | Self::Open
            | Self::Kept => Outcome::Stays,
        }
    }
}
