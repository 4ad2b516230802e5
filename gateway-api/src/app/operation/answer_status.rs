//! The number that journal and audit keep for the end of an operation.

use crate::app::error::Failure;

/// The end of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending<'a> {
    /// A resource was created.
    Created,
    /// A resource was changed or deleted.
    Done,
    /// The operation did not succeed.
    Failed(&'a Failure),
}

/// The numbers for the ends of operations. An API dialect defines them; this layer only keeps them.
#[derive(Clone, Copy)]
pub struct AnswerStatus(pub(crate) fn(Ending<'_>) -> u16);

impl std::fmt::Debug for AnswerStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswerStatus")
    }
}

impl AnswerStatus {
    pub(super) fn of(self, ending: Ending<'_>) -> u16 {
        (self.0)(ending)
    }
}
