//! What follows another resource: attachments their volumes; interfaces, outside addresses and their bindings
//! the instances. Nothing is kept of it: it is told from its leader under the leader's number, so that the two
//! agree at every moment, and a hundred thousand interfaces cost nothing until somebody asks for a page.

use super::body::Body;
use super::lifecycle::Status;
use super::sort::Sort;

impl Status {
    /// The status of an interface of an instance.
    pub(super) const fn of_plug(self) -> Self {
        match self {
            Self::Booting | Self::Waking => Self::Plugging,
            Self::Active | Self::Cycling | Self::Halting => Self::Live,
            _ => Self::Dark,
        }
    }
}

impl Sort {
    /// The sort whose records bring records of this one with them.
    pub(super) const fn leader(self) -> Option<Self> {
        match self {
            Self::VolumeAttachment => Some(Self::Volume),
            Self::NetworkInterface | Self::IpAddress | Self::IpAddressBinding => Some(Self::Instance),
            _ => None,
        }
    }

    /// The sorts that follow this one.
    pub(super) const fn followers(self) -> &'static [Self] {
        match self {
            Self::Volume => &[Self::VolumeAttachment],
            Self::Instance => &[Self::NetworkInterface, Self::IpAddress, Self::IpAddressBinding],
            _ => &[],
        }
    }

    /// The status of what follows a leader in `status`; `None` when nothing of this sort does.
    pub(super) const fn following(self, status: Status, leader: &Body) -> Option<Status> {
        match (self, status, leader) {
            (Self::VolumeAttachment, Status::Attached, _) => Some(Status::Held),
            (Self::NetworkInterface, status, Body::Instance(instance)) if instance.inside.is_some() => {
                Some(status.of_plug())
            }
            (Self::IpAddress, _, Body::Instance(instance)) if instance.outside.is_some() => {
                Some(Status::Bound)
            }
            (Self::IpAddressBinding, _, Body::Instance(instance)) if instance.outside.is_some() => {
                Some(Status::Kept)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_and_followers_know_each_other() {
        for sort in Sort::ALL {
            for follower in sort.followers() {
                assert_eq!(follower.leader(), Some(sort), "{follower:?}");
            }
            if let Some(leader) = sort.leader() {
                assert!(leader.followers().contains(&sort), "{sort:?}");
            }
        }
    }
}
