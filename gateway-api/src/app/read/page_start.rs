//! The start of a page as an opaque text, which is valid only for the filters that it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gateway_core::id::{ResourceId, TargetId};
use gateway_store::{Cursor, SortKey, SortOrder, SortValue};
use ring::digest;

use crate::app::visibility::ScopeFilter;
use crate::app::{Error, Result};

/// The version of the format. A text of another version is refused.
const VERSION: u8 = 3;

/// The length of a filter mark.
const FILTER: usize = 8;

/// Tags of the sort value, which follows the parts that every text has.
const NO_VALUE: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;

/// A digest of the filters that a page start belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FilterMark([u8; FILTER]);

impl FilterMark {
    /// Returns the mark of a path whose only filters are those of scopes.
    pub(super) fn of_scopes(path: &str, scopes: &ScopeFilter) -> Self {
        let ScopeFilter { cloud, region, account, kind } = scopes;
        let kind = kind.map(|kind| kind.as_str());
        let texts = [Some(path), cloud.as_deref(), region.as_deref(), account.as_deref(), kind];
        Self::of(texts.into_iter().map(|text| text.map(str::as_bytes)))
    }

    /// Returns the mark as text.
    pub(super) fn to_text(self) -> String {
        hex::encode(self.0)
    }

    /// Returns the mark of filters. Filters that are not given are none, so that each has its own index.
    pub(super) fn of<'a>(filters: impl IntoIterator<Item = Option<&'a [u8]>>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for filter in filters {
            // Length and presence come first, so that no two lists are the same sequence of bytes.
            let length = filter.map_or(u64::MAX, |bytes| bytes.len() as u64);
            context.update(&length.to_be_bytes());
            context.update(filter.unwrap_or_default());
        }
        let mut mark = [0; FILTER];
        mark.copy_from_slice(&context.finish().as_ref()[..FILTER]);
        Self(mark)
    }
}

/// The start of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageStart {
    /// The last record of the page before.
    pub(super) after: Cursor,
    /// The position of the event log that the first page returned.
    pub(super) position: i64,
}

impl PageStart {
    /// Parses the text of a request with an order, if it has one.
    pub(super) fn parse(text: Option<&str>, mark: FilterMark, order: SortOrder) -> Result<Option<Self>> {
        let Some(text) = text else { return Ok(None) };
        let start = Self::from_text(text, mark).filter(|start| start.is_of(order)).ok_or_else(|| {
            Error::invalid_query("cursor", "must be one that this listing returned for the same filters")
        })?;
        Ok(Some(start))
    }

    /// Returns whether the value is one of this order. The text is not signed, so that a caller may have changed it.
    fn is_of(&self, order: SortOrder) -> bool {
        use SortKey::{ChangedAt, CreatedAt, Name};
        match (order, &self.after.value) {
            (SortOrder::Id, value) => value.is_none(),
            (SortOrder::By { key: Name, .. }, value) => matches!(value, Some(SortValue::Text(_))),
            (SortOrder::By { key: CreatedAt | ChangedAt, .. }, value) => {
                matches!(value, Some(SortValue::Number(_)))
            }
        }
    }

    /// Returns the text for these filters.
    pub(super) fn to_text(&self, mark: FilterMark) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&mark.0);
        bytes.extend_from_slice(&self.after.target.0.to_be_bytes());
        bytes.extend_from_slice(self.after.id.0.as_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        match &self.after.value {
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

    /// Returns `None` for a text that is malformed or belongs to other filters.
    fn from_text(text: &str, mark: FilterMark) -> Option<Self> {
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
        let after =
            Cursor { target: TargetId(i64::from_be_bytes(*target)), id: ResourceId::from_bytes(id)?, value };
        Some(Self { after, position: i64::from_be_bytes(*position) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(filters: &[Option<&str>]) -> FilterMark {
        FilterMark::of(filters.iter().map(|filter| filter.map(str::as_bytes)))
    }

    #[test]
    fn page_start_with_a_value_of_another_order_is_refused() {
        let own = mark(&[]);
        let by = |key| SortOrder::By { key, descending: false };
        let orders = [SortOrder::Id, by(SortKey::Name), by(SortKey::CreatedAt), by(SortKey::ChangedAt)];
        let values = [None, Some(SortValue::Text("a".to_owned())), Some(SortValue::Number(1))];
        let accepted = values.map(|value| {
            let after = Cursor { target: TargetId(7), id: ResourceId::generate(), value };
            let text = PageStart { after, position: 42 }.to_text(own);
            orders.map(|order| PageStart::parse(Some(&text), own, order).is_ok())
        });
        assert_eq!(
            accepted,
            [[true, false, false, false], [false, true, false, false], [false, false, true, true]]
        );
    }

    #[test]
    fn page_start_is_valid_for_its_own_filters_only() {
        let own = mark(&[Some("instance"), None, Some("running")]);
        let mut text = String::new();
        for value in [None, Some(SortValue::Text("wéb".to_owned())), Some(SortValue::Number(-5))] {
            let after = Cursor { target: TargetId(7), id: ResourceId::generate(), value };
            let start = PageStart { after, position: 42 };
            text = start.to_text(own);
            assert_eq!(PageStart::from_text(&text, own), Some(start));
            let other = mark(&[Some("instance"), Some("running"), None]);
            assert_eq!(PageStart::from_text(&text, other), None);
        }
        for text in ["", "!", "AAAA", &text[1..], &format!("{text}AAAA")] {
            assert_eq!(PageStart::from_text(text, own), None, "{text}");
        }
    }
}
