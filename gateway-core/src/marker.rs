//! Markers: the trace that a create leaves on its resource, by which the resource is found if the answer is lost.

use std::fmt;

use crate::id::OperationId;

/// The key of the tag or metadata entry with the marker, where a cloud has tags with values.
pub const MARKER_KEY: &str = "gateway-operation";

/// The beginning of a marker; the operation's id, a dash and a number follow.
const START: &str = "gw-";

/// The mark of a resource that an operation creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker {
    /// The operation.
    pub operation: OperationId,
    /// The number of the resource among those of the operation, from 1.
    pub ordinal: u32,
}

impl Marker {
    /// Parses the form that `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, ordinal) = text.strip_prefix(START)?.rsplit_once('-')?;
        let marker = Self { operation: id.parse().ok()?, ordinal: ordinal.parse().ok()? };
        (marker.to_string() == text).then_some(marker)
    }

    /// Appends the marker to a description, for services that have no other place for it.
    pub fn append_to(self, description: Option<&str>) -> String {
        match description {
            Some(words) if !words.is_empty() => format!("{words} [{self}]"),
            _ => format!("[{self}]"),
        }
    }

    /// Splits a description into the owner's text and the marker that [`Self::append_to`] added.
    pub fn take_from(description: &str) -> (&str, Option<Self>) {
        let found = description.strip_suffix(']').and_then(|rest| {
            let at = rest.rfind('[')?;
            Some((rest[..at].trim_end_matches(' '), Self::parse(&rest[at + 1..])?))
        });
        match found {
            Some((words, marker)) => (words, Some(marker)),
            None => (description, None),
        }
    }
}

impl fmt::Display for Marker {
    /// Writes about 40 letters, digits and dashes, which every cloud accepts as a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{}-{}", self.operation.0.simple(), self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marker_reads_back_from_text_and_description() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 12 };
        assert_eq!(Marker::parse(&marker.to_string()), Some(marker));
        assert!(marker.to_string().len() <= 64, "EC2 limits client tokens to 64 characters");
        for words in ["", "of its owner", "ends with [gw-x]"] {
            let description = marker.append_to(Some(words));
            assert_eq!(Marker::take_from(&description), (words, Some(marker)));
        }
        for other in ["", "words", "[gw-1-1]", "words [and more]", "gw-", "]", "["] {
            assert_eq!(Marker::take_from(other), (other, None));
        }
    }
}
