//! Rules of the cloud for each kind, and the ids of its records.

use gateway_core::Kind;

/// Rules of this cloud for a kind. Kinds and collections have the gateway's names.
pub(crate) trait TableKind: Copy {
    /// Returns the id of the record with that number.
    fn id(self, number: u64) -> String;

    /// Returns the number in an id of this kind.
    fn number(self, id: &str) -> Option<u64>;

    /// Returns whether clients create and delete records. Others belong to the cloud or follow from a command.
    fn is_created_by_clients(self) -> bool;

    /// Returns whether clients may update name, description and labels.
    fn has_metadata(self) -> bool;

    /// Returns whether a record must have a name.
    fn needs_name(self) -> bool;

    /// Returns whether the control API can remove records at once.
    fn can_vanish(self) -> bool;
}

/// Returns the kind of that name or collection.
pub(crate) fn parse_kind(name_or_collection: &str) -> Option<Kind> {
    Kind::parse(name_or_collection).or_else(|| Kind::parse_plural(name_or_collection))
}

/// Returns the prefix of the ids of a kind.
const fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "i-",
        Kind::InstanceType => "t-",
        Kind::Image => "m-",
        Kind::Volume => "v-",
        Kind::VolumeType => "c-",
        Kind::VolumeSnapshot => "s-",
        Kind::VolumeAttachment => "a-",
        Kind::Network => "n-",
        Kind::Subnet => "u-",
        Kind::NetworkInterface => "p-",
        Kind::Router => "r-",
        Kind::IpAddress => "o-",
        Kind::IpAddressBinding => "b-",
        Kind::SecurityGroup => "g-",
        Kind::SecurityGroupRule => "e-",
        Kind::SshKey => "k-",
        Kind::Datacenter => "z-",
        Kind::Quota => "q-",
    }
}

impl TableKind for Kind {
    fn id(self, number: u64) -> String {
        format!("{}{number:016x}", prefix(self))
    }

    fn number(self, id: &str) -> Option<u64> {
        let number = u64::from_str_radix(id.strip_prefix(prefix(self))?, 16).ok()?;
        (self.id(number) == id).then_some(number)
    }

    fn is_created_by_clients(self) -> bool {
        !matches!(
            self,
            Self::InstanceType | Self::VolumeType | Self::VolumeAttachment | Self::Datacenter | Self::Quota
        )
    }

    fn has_metadata(self) -> bool {
        self.is_created_by_clients()
            && !matches!(self, Self::IpAddressBinding | Self::SecurityGroupRule | Self::SshKey)
    }

    fn needs_name(self) -> bool {
        !matches!(
            self,
            Self::NetworkInterface | Self::IpAddress | Self::IpAddressBinding | Self::SecurityGroupRule
        )
    }

    fn can_vanish(self) -> bool {
        matches!(self, Self::Instance | Self::Volume | Self::VolumeSnapshot | Self::Image)
    }
}
