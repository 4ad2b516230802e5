//! What a create leaves on the thing that it makes, so that the thing is known again whatever became of the answer.

use std::fmt;

use crate::id::OperationId;

/// Key of the tag or metadata entry that holds a marker, where a cloud has tags with values.
pub const MARKER_KEY: &str = "gateway-operation";

/// How a marker begins; what follows is the operation's id, a dash and a number.
const START: &str = "gw-";

/// One thing that one operation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker {
    /// The operation.
    pub operation: OperationId,
    /// Which of the things that it makes, from 1.
    pub ordinal: u32,
}

impl Marker {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, ordinal) = text.strip_prefix(START)?.rsplit_once('-')?;
        let marker = Self { operation: id.parse().ok()?, ordinal: ordinal.parse().ok()? };
        (marker.to_string() == text).then_some(marker)
    }

    /// A description with the marker at its end: for services that have no other place for it.
    pub fn append_to(self, description: Option<&str>) -> String {
        match description {
            Some(words) if !words.is_empty() => format!("{words} [{self}]"),
            _ => format!("[{self}]"),
        }
    }

    /// Takes the marker off a description that [`Self::append_to`] wrote; what is left is what its owner wrote.
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
    /// 40 characters or a few more, of letters, digits and dashes: every cloud takes that as a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{}-{}", self.operation.0.simple(), self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let marker = Marker { operation: OperationId::generate(), ordinal: 12 };
        assert_eq!(Marker::parse(&marker.to_string()), Some(marker));
        assert!(marker.to_string().len() <= 64, "EC2's client tokens are no longer");
        for words in ["", "of its owner", "ends with [gw-x]"] {
            let description = marker.append_to(Some(words));
            assert_eq!(Marker::take_from(&description), (words, Some(marker)));
        }
        for other in ["", "words", "[gw-1-1]", "words [and more]", "gw-", "]", "["] {
            assert_eq!(Marker::take_from(other), (other, None));
        }
    }
}
