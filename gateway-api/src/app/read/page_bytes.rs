//! The end of a page by its bytes, so that no answer exceeds the limit of a message.

/// The bytes at which a page ends. A higher value spares clients requests; a lower one leaves more of a message to the
/// other parts of an answer.
const PAGE_BYTES: usize = 512 << 10;

/// The bytes of an item besides its document: its identity and links.
const BESIDES: usize = 512;

/// The bytes of a page so far, as JSON within the JSON of a message.
#[derive(Debug, Default)]
pub(crate) struct PageBytes(usize);

impl PageBytes {
    /// Adds an item; returns whether it still fits. The first item of a page always does: if it is too large for a
    /// message, its page is an error that says so.
    pub(crate) fn fit(&mut self, document: &str) -> bool {
        let is_first = self.0 == 0;
        // Quotes and backslashes are escaped once more.
        let escaped = document.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        self.0 += document.len() + escaped + BESIDES;
        is_first || self.0 <= PAGE_BYTES
    }

    /// Returns how many of these items fit on one page.
    pub(crate) fn count<'a>(documents: impl IntoIterator<Item = &'a str>) -> usize {
        let mut page = Self::default();
        documents.into_iter().take_while(|document| page.fit(document)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_ends_at_its_bytes_and_has_at_least_one_item() {
        let small = "x".repeat(1000);
        assert_eq!(PageBytes::count([small.as_str(); 10]), 10);
        assert_eq!(PageBytes::count([small.as_str(); 1000]), PAGE_BYTES / (1000 + BESIDES));
        let quoted = "\"".repeat(1000);
        assert_eq!(PageBytes::count([quoted.as_str(); 1000]), PAGE_BYTES / (2000 + BESIDES));
        let large = "x".repeat(PAGE_BYTES * 2);
        assert_eq!(PageBytes::count([large.as_str(), &small]), 1);
        assert_eq!(PageBytes::count([small.as_str(), &large, &small]), 1);
        assert_eq!(PageBytes::count([]), 0);
    }
}
