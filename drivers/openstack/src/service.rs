//! The services of OpenStack that the driver calls.

/// A service besides Keystone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Service {
    /// Nova.
    Compute,
    /// Glance.
    Image,
    /// Cinder.
    Volume,
    /// Neutron.
    Network,
}

impl Service {
    /// Every service.
    pub(crate) const ALL: [Self; 4] = [Self::Compute, Self::Image, Self::Volume, Self::Network];

    /// Returns the types that the service has in catalogs, the preferred one first.
    pub(crate) fn types(self) -> &'static [&'static str] {
        match self {
            Self::Compute => &["compute"],
            Self::Image => &["image"],
            Self::Volume => &["block-storage", "volumev3", "block-store"],
            Self::Network => &["network"],
        }
    }

    /// Returns the version in the service's paths, for catalogs that leave it out.
    pub(crate) fn path_version(self) -> &'static str {
        match self {
            Self::Compute => "v2.1",
            Self::Image => "v2",
            Self::Volume => "v3",
            Self::Network => "v2.0",
        }
    }

    /// Returns the gateway's name of the service, in documents and native keys.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Image => "image",
            Self::Volume => "volume",
            Self::Network => "network",
        }
    }
}
