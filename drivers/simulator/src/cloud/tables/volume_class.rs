//! The classes of volumes.

/// A class of volumes; each is a published volume type.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) default: bool,
    /// Whether its volumes are encrypted.
    pub(crate) encrypted: bool,
    /// Whether its volumes may be attached more than once.
    pub(crate) shareable: bool,
    pub(crate) medium: &'static str,
    pub(crate) operations_per_gb: u32,
}

/// All classes; the first is the default.
pub(crate) static CLASSES: [Class; 3] = [
    Class {
        name: "plain",
        description: "general purpose",
        default: true,
        encrypted: false,
        shareable: false,
        medium: "disk",
        operations_per_gb: 3,
    },
    Class {
        name: "fast",
        description: "for databases",
        default: false,
        encrypted: true,
        shareable: false,
        medium: "flash",
        operations_per_gb: 50,
    },
    Class {
        name: "shared",
        description: "for clusters",
        default: false,
        encrypted: true,
        shareable: true,
        medium: "flash",
        operations_per_gb: 20,
    },
];

impl Class {
    /// Returns the class of a volume without overrides: one in four is fast, by its number.
    pub(crate) fn of_volume(number: u64) -> &'static Self {
        &CLASSES[usize::from(number.is_multiple_of(4))]
    }
}
