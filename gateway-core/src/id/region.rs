//! Regions, by the cloud's own names.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A cloud's own name for one of its regions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Region(Arc<str>);

impl Region {
    /// The most characters of a name that the store keeps. Names of real clouds have fewer than 40.
    pub const LONGEST_NAME: usize = 127;

    /// Returns whether the store can keep the name.
    pub fn is_storable(&self) -> bool {
        self.0.chars().count() <= Self::LONGEST_NAME
    }

    /// Makes a region from the cloud's name, unchanged.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Arc::from(name.as_ref()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.0)
    }
}
