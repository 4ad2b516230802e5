//! The quotation of texts of the caller in errors.

use std::borrow::Cow;

/// Most characters of a text of the caller that an error quotes. More make long problems; fewer cut real names.
const MAX_QUOTED: usize = 64;

/// Returns a text as an error quotes it.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_QUOTED) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
    }
}
