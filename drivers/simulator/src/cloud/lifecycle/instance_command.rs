//! Commands of instances, and the transitions that they begin.

use crate::cloud::tables::status::Status;

/// A command of an instance that changes its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceCommand {
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

impl InstanceCommand {
    /// Parses the name of a command; deletion has a method of its own.
    pub(crate) fn parse(word: &str) -> Option<Self> {
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

    /// Returns the status to which the command leads from `status`; `None` if it is refused there.
    pub(crate) const fn next(self, status: Status) -> Option<Status> {
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
