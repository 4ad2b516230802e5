//! The kinds by name. The rest of a kind's description is in its own file; [`super::registry`] lists them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the kinds with their canonical names.
macro_rules! kinds {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A resource type, such as an instance or a volume.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the file of each kind describes it")]
        pub enum Kind { $($variant),+ }

        impl Kind {
            /// Every kind, in the order of documents.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the canonical name, such as `instance`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

kinds! {
    Instance = "instance",
    InstanceType = "instance_type",
    Image = "image",
    Volume = "volume",
    VolumeType = "volume_type",
    VolumeSnapshot = "volume_snapshot",
    VolumeAttachment = "volume_attachment",
    Network = "network",
    Subnet = "subnet",
    NetworkInterface = "network_interface",
    Router = "router",
    IpAddress = "ip_address",
    IpAddressBinding = "ip_address_binding",
    SecurityGroup = "security_group",
    SecurityGroupRule = "security_group_rule",
    SshKey = "ssh_key",
    Datacenter = "datacenter",
    Quota = "quota",
}

impl Kind {
    /// Returns the kind of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({self})")
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("no kind is called {name:?}")))
    }
}
