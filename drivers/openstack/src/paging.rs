//! Pages by marker and limit. Only the marker of a link is used: the link itself is untrusted, and often names a host
//! that only the cloud can reach.

use std::collections::BTreeSet;

use driver_kit::Response;
use gateway_core::driver::PageToken;
use gateway_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

/// The form of a list that comes in pages.
#[derive(Clone, Copy)]
pub(crate) struct Pages {
    /// Key of the list.
    pub(crate) list: &'static str,
    /// Key around each document; `None` if there is none.
    pub(crate) item: Option<&'static str>,
    /// The field that identifies a document; markers are its values.
    pub(crate) id: &'static str,
    /// Every page but the last links to the next. Without links only an empty page is certainly the last.
    pub(crate) has_links: bool,
}

impl Pages {
    /// Returns the usual form: bare documents with ids, and links between pages.
    pub(crate) const fn new(list: &'static str) -> Self {
        Self { list, item: None, id: "id", has_links: true }
    }
}

/// The position in a listing, with the proof that it advances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Index of the kind's query.
    pub(crate) pass: usize,
    /// Id of the last item before.
    pub(crate) marker: Option<String>,
    /// Native key of the last item, if duplicates may follow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<String>,
    /// An earlier marker, replaced at each power of two: every loop returns to it (Brent's algorithm).
    anchor: Option<String>,
    steps: u32,
    power: u32,
}

impl Cursor {
    /// Returns the start of a listing.
    pub(crate) fn start() -> Self {
        Self { pass: 0, marker: None, last: None, anchor: None, steps: 0, power: 1 }
    }

    /// Returns the start of one of the kind's queries.
    pub(crate) fn start_of(pass: usize) -> Self {
        Self { pass, ..Self::start() }
    }

    /// Returns the position after another page.
    ///
    /// # Errors
    /// `WrongDocument` if the listing loops.
    pub(crate) fn then(&self, marker: String) -> Result<Self> {
        if self.marker.as_ref() == Some(&marker) || self.anchor.as_ref() == Some(&marker) {
            return Err(Error::new(
                ErrorKind::WrongDocument,
                "the cloud's listing loops: a marker came twice",
            ));
        }
        let mut next = Self { marker: Some(marker), steps: self.steps + 1, ..self.clone() };
        if next.steps == next.power {
            next.anchor.clone_from(&next.marker);
            next.power = next.power.saturating_mul(2);
            next.steps = 0;
        }
        Ok(next)
    }

    /// Sets the native key of the last item.
    pub(crate) fn after(self, last: Option<String>) -> Self {
        Self { last, ..self }
    }

    /// Parses the output of [`Self::to_token`].
    pub(crate) fn from_token(token: Option<&PageToken>) -> Result<Self> {
        let Some(PageToken(text)) = token else { return Ok(Self::start()) };
        serde_json::from_str(text)
            .map_err(|error| Error::invalid("the page token is not from this driver").with_source(error))
    }

    /// Serializes the position.
    pub(crate) fn to_token(&self) -> Result<PageToken> {
        serde_json::to_string(self).map(PageToken).map_err(Error::internal)
    }
}

/// A page of documents.
#[derive(Debug)]
pub(crate) struct RawPage {
    /// The documents; their ids differ.
    pub(crate) items: Vec<Value>,
    /// The marker of the next page; `None` on the last page.
    pub(crate) marker: Option<String>,
}

/// Parses a page: `{LIST: [...], ..._links: [{"rel": "next"}]}`, or with Glance's `next`.
pub(crate) fn read(response: &Response, pages: &Pages, limit: usize, cursor: &Cursor) -> Result<RawPage> {
    let Pages { list, item: key, id, has_links } = *pages;
    let wrong = |what: &str| {
        Error::new(
            ErrorKind::WrongDocument,
            format!("{} answered a page of {list} {what}", response.endpoint),
        )
    };
    let mut document: Value = response.json()?;
    let Some(Value::Array(mut items)) = document.get_mut(list).map(Value::take) else {
        return Err(wrong("without its list"));
    };
    if let Some(key) = key {
        items.iter_mut().for_each(|item| *item = item.get_mut(key).map(Value::take).unwrap_or_default());
    }
    let mut ids = BTreeSet::new();
    for item in &items {
        let id = item[id].as_str().ok_or_else(|| wrong("with an item that has no id"))?;
        if !ids.insert(id) || cursor.marker.as_deref() == Some(id) {
            return Err(wrong("with an item twice"));
        }
    }
    let last = || items.last().and_then(|item| item[id].as_str()).map(str::to_owned);
    let marker = match next_link(&document) {
        Some(link) => {
            Some(marker_of(link).or_else(last).ok_or_else(|| wrong("with a link that has no marker"))?)
        }
        // A proxy may have dropped the link of a full page; one more call makes it certain. A service without links
        // may have shortened the page to a limit of its own.
        None if items.len() >= limit || !has_links => last(),
        None => None,
    };
    Ok(RawPage { items, marker })
}

/// Parses an answer with one document, below `key` if there is one.
pub(crate) fn read_one(response: &Response, key: Option<&str>) -> Result<Value> {
    let mut document: Value = response.json()?;
    Ok(match key {
        Some(key) => document.get_mut(key).map(Value::take).unwrap_or_default(),
        None => document,
    })
}

/// Parses an answer that must be complete. A link to a further page is an error.
pub(crate) fn read_whole(response: &Response, split: fn(Value) -> Option<Vec<Value>>) -> Result<Vec<Value>> {
    let document: Value = response.json()?;
    let continues = next_link(&document).is_some();
    split(document).filter(|_| !continues).ok_or_else(|| {
        let what = if continues {
            "one page of an answer that should be complete"
        } else {
            "an unexpected document"
        };
        Error::new(ErrorKind::WrongDocument, format!("{} answered {what}", response.endpoint))
    })
}

/// Returns the link to the next page. Its key is not always derived from the list's: `volume_types` have
/// `volume_type_links`.
fn next_link(document: &Value) -> Option<&str> {
    if let Some(next) = document["next"].as_str() {
        return Some(next);
    }
    let mut lists = document.as_object()?.iter().filter(|(name, _)| name.ends_with("_links"));
    lists.find_map(|(_, links)| links.as_array()?.iter().find(|link| link["rel"] == "next")?["href"].as_str())
}

fn marker_of(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "marker").map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::json_response;

    fn page(text: &str, limit: usize) -> Result<RawPage> {
        read(&json_response(text), &Pages::new("servers"), limit, &Cursor::start())
    }

    #[test]
    fn next_marker_is_taken_from_link_or_last_item() {
        let linked = r#"{"servers":[{"id":"a"},{"id":"b"}],
            "servers_links":[{"rel":"next","href":"http://evil/x?limit=2&marker=b%2F1"}]}"#;
        assert_eq!(page(linked, 2).unwrap().marker.unwrap(), "b/1");
        let glance = r#"{"servers":[{"id":"a"}],"next":"/v2/images?limit=1"}"#;
        assert_eq!(page(glance, 9).unwrap().marker.unwrap(), "a");
        assert_eq!(page(r#"{"servers":[{"id":"a"}]}"#, 1).unwrap().marker.unwrap(), "a");
        assert_eq!(page(r#"{"servers":[{"id":"a"}]}"#, 2).unwrap().marker, None);
        assert_eq!(page(r#"{"servers":[]}"#, 1).unwrap().marker, None);
    }

    #[test]
    fn documents_are_unwrapped() {
        let text = r#"{"keypairs":[{"keypair":{"name":"a"}}],
            "keypair_links":[{"rel":"previous","href":"http://x?marker=0"},{"rel":"next","href":"http://x?marker=a"}]}"#;
        let pages = Pages { item: Some("keypair"), id: "name", ..Pages::new("keypairs") };
        let read_as = |pages: &Pages| read(&json_response(text), pages, 5, &Cursor::start());
        let page = read_as(&pages).unwrap();
        assert_eq!((page.items[0]["name"].as_str(), page.marker.as_deref()), (Some("a"), Some("a")));
        assert!(read_as(&Pages { item: Some("key"), ..pages }).is_err());
    }

    #[test]
    fn only_empty_page_is_last_without_links() {
        let pages = Pages { has_links: false, ..Pages::new("attachments") };
        let marker = |text| read(&json_response(text), &pages, 1000, &Cursor::start()).unwrap().marker;
        assert_eq!(marker(r#"{"attachments":[{"id":"a"}]}"#).as_deref(), Some("a"));
        assert_eq!(marker(r#"{"attachments":[]}"#), None);
    }

    #[test]
    fn partial_answer_is_refused_if_it_should_be_complete() {
        let whole = |text| {
            read_whole(&json_response(text), |mut answer| {
                answer.get_mut("zones")?.as_array_mut().map(std::mem::take)
            })
        };
        assert_eq!(whole(r#"{"zones":[1]}"#).unwrap(), [1]);
        for text in [r#"{"zones":[1],"zones_links":[{"rel":"next","href":"http://x"}]}"#, "{}", "[]"] {
            assert_eq!(whole(text).unwrap_err().kind(), ErrorKind::WrongDocument, "{text}");
        }
    }

    #[test]
    fn malformed_page_is_refused_and_not_taken_for_empty() {
        for text in [
            "{}",
            "[]",
            r#"{"servers":null}"#,
            r#"{"servers":{}}"#,
            r#"{"error":{"message":"x"}}"#,
            r#"{"servers":[{"name":"no id"}]}"#,
            r#"{"servers":[{"id":"a"},{"id":"a"}]}"#,
            r#"{"servers":[],"servers_links":[{"rel":"next","href":"http://x/y"}]}"#,
        ] {
            assert_eq!(page(text, 5).unwrap_err().kind(), ErrorKind::WrongDocument, "{text}");
        }
    }

    #[test]
    fn loops_of_any_length_are_detected_and_long_listings_are_not_loops() {
        for length in [1, 2, 3, 7, 100] {
            let mut cursor = Cursor::start();
            let stopped = (0..4 * length + 10).position(|step| {
                match cursor.then((step % length).to_string()) {
                    Ok(next) => cursor = Cursor::from_token(Some(&next.to_token().unwrap())).unwrap(),
                    Err(_) => return true,
                }
                false
            });
            assert!(stopped.is_some(), "a loop of {length}");
        }
        (0..10_000).fold(Cursor::start(), |cursor, step| cursor.then(step.to_string()).unwrap());
    }

    #[test]
    fn foreign_page_token_is_refused() {
        let foreign = PageToken("42".to_owned());
        assert_eq!(Cursor::from_token(Some(&foreign)).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
