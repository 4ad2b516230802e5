//! A number in a file of its own, so that a change of it is seen in review.

use std::path::Path;

use anyhow::{Context as _, Result};

/// The number of findings of one check that are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) usize);

impl Limit {
    /// Reads the file: its first line is the number.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let first = text.lines().next().unwrap_or_default();
        Ok(Self(first.trim().parse().with_context(|| format!("{}: `{first}`", file.display()))?))
    }
}
