//! Names as indexes hold them.

/// Longest indexed name, in characters. The document holds the whole name.
const INDEXED_NAME: usize = 255;

/// Returns the indexed part of a name.
pub(super) fn indexed(name: &str) -> String {
    name.chars().take(INDEXED_NAME).collect()
}

/// Returns the key by which a name is sorted and searched, without regard to case.
pub(super) fn name_key(name: &str) -> String {
    indexed(&name.to_lowercase())
}
