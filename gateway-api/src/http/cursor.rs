//! Where a listing goes on, as an opaque word that fits only the filter it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{Cursor, SortValue};
use ring::digest;

/// The form of this build; a cursor of another is refused, not misread.
const VERSION: u8 = 2;

/// Length of the mark of a filter.
const FILTER: usize = 8;

/// Says what a record is sorted by, after the parts that every cursor has.
const NO_VALUE: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;

/// Which listing a cursor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterMark([u8; FILTER]);

impl FilterMark {
    /// The mark of these filters, each in its place whether given or not.
    pub(crate) fn of(filters: &[Option<&str>]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for filter in filters {
            // Length and presence first, so that no two lists run together to the same text.
            let length = filter.map_or(u64::MAX, |text| text.len() as u64);
            context.update(&length.to_be_bytes());
            context.update(filter.unwrap_or_default().as_bytes());
        }
        let mut mark = [0; FILTER];
        mark.copy_from_slice(&context.finish().as_ref()[..FILTER]);
        Self(mark)
    }
}

/// A place in a listing, with the position that its first page named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) cursor: Cursor,
    pub(crate) position: i64,
}

impl Place {
    pub(crate) fn encode(&self, mark: FilterMark) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&mark.0);
        bytes.extend_from_slice(&self.cursor.target.0.to_be_bytes());
        bytes.extend_from_slice(self.cursor.id.0.as_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        match &self.cursor.value {
            None => bytes.push(NO_VALUE),
            Some(SortValue::Text(text)) => {
                bytes.push(TEXT);
                bytes.extend_from_slice(text.as_bytes());
            }
            Some(SortValue::Number(number)) => {
                bytes.push(NUMBER);
                bytes.extend_from_slice(&number.to_be_bytes());
            }
        }
        BASE64.encode(bytes)
    }

    /// `None` for what is no cursor, or one of another listing.
    pub(crate) fn decode(text: &str, mark: FilterMark) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (filter, rest) = rest.split_first_chunk::<FILTER>()?;
        let (target, rest) = rest.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (position, rest) = rest.split_first_chunk::<8>()?;
        if *version != VERSION || *filter != mark.0 {
            return None;
        }
        let value = match rest.split_first()? {
            (&NO_VALUE, []) => None,
            (&TEXT, text) => Some(SortValue::Text(String::from_utf8(text.to_vec()).ok()?)),
            (&NUMBER, number) => Some(SortValue::Number(i64::from_be_bytes(number.try_into().ok()?))),
            _ => return None,
        };
        let cursor =
            Cursor { target: TargetId(i64::from_be_bytes(*target)), id: ResourceId::from_bytes(id)?, value };
        Some(Self { cursor, position: i64::from_be_bytes(*position) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_fits_its_own_filter_only() {
        let mark = FilterMark::of(&[Some("instance"), None, Some("running")]);
        let mut text = String::new();
        for value in [None, Some(SortValue::Text("wéb".to_owned())), Some(SortValue::Number(-5))] {
            let cursor = Cursor { target: TargetId(7), id: ResourceId::generate(), value };
            let place = Place { cursor, position: 42 };
            text = place.encode(mark);
            assert_eq!(Place::decode(&text, mark), Some(place));
            assert_eq!(
                Place::decode(&text, FilterMark::of(&[Some("instance"), Some("running"), None])),
                None
            );
        }
        for text in ["", "!", "AAAA", &text[1..], &format!("{text}AAAA")] {
            assert_eq!(Place::decode(text, mark), None, "{text}");
        }
    }
}
