//! Columns of a kind in tables for people.

/// A column of a kind's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The header, such as `SIZE_GIB`.
    pub header: &'static str,
    /// The field that is shown; dots address nested fields, and a list on the path stands for its items.
    pub path: &'static str,
}

impl Column {
    /// Declares a column.
    pub const fn new(header: &'static str, path: &'static str) -> Self {
        Self { header, path }
    }

    /// Returns the name of the document's field on which the path starts.
    pub fn field(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path)
    }
}
