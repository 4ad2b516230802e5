//! Where a listing goes on, as an opaque word that fits only the filter it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::Cursor;
use ring::digest;

/// The form of this build; a cursor of another is refused, not misread.
const VERSION: u8 = 1;

const LENGTH: usize = 1 + FILTER + 8 + 16 + 8;
const FILTER: usize = 8;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) cursor: Cursor,
    pub(crate) position: i64,
}

impl Place {
    pub(crate) fn encode(&self, mark: FilterMark) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(&mark.0);
        bytes.extend_from_slice(&self.cursor.target.0.to_be_bytes());
        bytes.extend_from_slice(self.cursor.id.0.as_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        BASE64.encode(bytes)
    }

    /// `None` for what is no cursor, or one of another listing.
    pub(crate) fn decode(text: &str, mark: FilterMark) -> Option<Self> {
        let bytes = BASE64.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (version, rest) = bytes.split_first()?;
        let (filter, rest) = rest.split_first_chunk::<FILTER>()?;
        let (target, rest) = rest.split_first_chunk::<8>()?;
        let (id, position) = rest.split_first_chunk::<16>()?;
        if *version != VERSION || *filter != mark.0 {
            return None;
        }
        let target = TargetId(i64::from_be_bytes(*target));
        let cursor = Cursor { target, id: ResourceId::from_bytes(id)? };
        Some(Self { cursor, position: i64::from_be_bytes(position.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_fits_its_own_filter_only() {
        let cursor = Cursor { target: TargetId(7), id: ResourceId::generate() };
        let place = Place { cursor, position: 42 };
        let mark = FilterMark::of(&[Some("instance"), None, Some("running")]);
        let text = place.encode(mark);
        assert_eq!(Place::decode(&text, mark), Some(place));
        assert_eq!(Place::decode(&text, FilterMark::of(&[Some("instance"), Some("running"), None])), None);
        for text in ["", "!", "AAAA", &text[1..], &format!("{text}AAAA")] {
            assert_eq!(Place::decode(text, mark), None, "{text}");
        }
    }
}
