//! The cloud's own words for states, and where each leads by itself.

/// A status as this cloud says it; each kind uses some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
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
    // Instance types and sorts of volumes.
    Offered,
    // Attachments.
    Held,
    // Networks.
    Carrying,
    // Interfaces.
    Plugging,
    Live,
    Dark,
    // Routers.
    Passing,
    // Outside addresses.
    Bound,
    Spare,
    // Datacenters.
    Open,
    // All that has no life cycle.
    Kept,
}

/// What comes of a status when nobody interferes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stays.
    Stays,
    /// It becomes another after the transit time.
    Becomes(Status),
    /// The resource is gone after the transit time.
    Gone,
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
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
            Self::Plugging => "PLUGGING",
            Self::Live => "LIVE",
            Self::Dark => "DARK",
            Self::Passing => "PASSING",
            Self::Bound => "BOUND",
            Self::Spare => "SPARE",
            Self::Open => "OPEN",
            Self::Kept => "KEPT",
        }
    }

    pub(super) const fn outcome(self) -> Outcome {
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
            | Self::Plugging
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

/// What a client may order of an instance, besides making and removing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Start,
    Stop,
    Reboot,
    Freeze,
    Thaw,
    Sleep,
    Wake,
    Store,
    Fetch,
    Resize,
    Rebuild,
    Remove,
}

impl Order {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "start" => Some(Self::Start),
            "stop" => Some(Self::Stop),
            "reboot" => Some(Self::Reboot),
            "freeze" => Some(Self::Freeze),
            "thaw" => Some(Self::Thaw),
            "sleep" => Some(Self::Sleep),
            "wake" => Some(Self::Wake),
            "store" => Some(Self::Store),
            "fetch" => Some(Self::Fetch),
            "resize" => Some(Self::Resize),
            "rebuild" => Some(Self::Rebuild),
            _ => None,
        }
    }

    /// The status that the order leads to from `status`; `None` when it is refused there.
    pub(super) const fn from(self, status: Status) -> Option<Status> {
        match (self, status) {
            (Self::Start, Status::Halted) => Some(Status::Waking),
            (Self::Stop, Status::Active) => Some(Status::Halting),
            (Self::Reboot, Status::Active) => Some(Status::Cycling),
            (Self::Freeze, Status::Active) => Some(Status::Frozen),
            (Self::Sleep, Status::Active) => Some(Status::Asleep),
            (Self::Store, Status::Active | Status::Halted | Status::Frozen | Status::Asleep) => {
                Some(Status::Stored)
            }
            (Self::Thaw, Status::Frozen) | (Self::Wake, Status::Asleep) | (Self::Fetch, Status::Stored) => {
                Some(Status::Active)
            }
            (Self::Resize, Status::Active | Status::Halted) => Some(Status::Resizing),
            (Self::Rebuild, Status::Active | Status::Halted | Status::Failed) => Some(Status::Rebuilding),
            (Self::Remove, Status::Removing | Status::Removed) => None,
            (Self::Remove, _) => Some(Status::Removing),
            _ => None,
        }
    }
}
