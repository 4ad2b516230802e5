//! Pages by marker and limit. Links are read for their marker and never followed: they are the cloud's
//! word, and often name a host that only the cloud can reach.

use std::collections::BTreeSet;

use driver_kit::Response;
use gateway_core::driver::PageToken;
use gateway_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

/// Where a listing is, with what proves that it gets on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which of the kind's queries.
    pub(crate) pass: usize,
    /// After which id.
    pub(crate) marker: Option<String>,
    /// A marker seen before, moved up at each power of two: a circle of any length comes back to it
    /// (Brent's algorithm), and nothing else has to be remembered.
    anchor: Option<String>,
    steps: u32,
    power: u32,
}

impl Place {
    /// The beginning.
    pub(crate) fn start() -> Self {
        Self { pass: 0, marker: None, anchor: None, steps: 0, power: 1 }
    }

    /// The beginning of the next query.
    pub(crate) fn next_pass(&self) -> Self {
        Self { pass: self.pass + 1, ..Self::start() }
    }

    /// The place after another page.
    ///
    /// # Errors
    /// `WrongDocument` when the listing goes in a circle.
    pub(crate) fn then(&self, marker: String) -> Result<Self> {
        if self.marker.as_ref() == Some(&marker) || self.anchor.as_ref() == Some(&marker) {
            return Err(Error::new(ErrorKind::WrongDocument, "the cloud's listing goes in a circle"));
        }
        let mut next = Self { marker: Some(marker), steps: self.steps + 1, ..self.clone() };
        if next.steps == next.power {
            next.anchor.clone_from(&next.marker);
            next.power = next.power.saturating_mul(2);
            next.steps = 0;
        }
        Ok(next)
    }

    /// Reads what [`Self::to_token`] wrote.
    pub(crate) fn from_token(token: Option<&PageToken>) -> Result<Self> {
        let Some(PageToken(text)) = token else { return Ok(Self::start()) };
        serde_json::from_str(text)
            .map_err(|error| Error::invalid("not a page of this driver").with_source(error))
    }

    pub(crate) fn to_token(&self) -> Result<PageToken> {
        serde_json::to_string(self).map(PageToken).map_err(Error::internal)
    }
}

/// One page as the cloud sent it.
#[derive(Debug)]
pub(crate) struct RawPage {
    /// The documents, each with an id of its own.
    pub(crate) items: Vec<Value>,
    /// After which id the next page starts; `None` on the last.
    pub(crate) marker: Option<String>,
}

/// Reads a page: `{KEY: [...], KEY_links: [{"rel": "next"}]}`, or with Glance's `next`.
pub(crate) fn read(response: &Response, key: &str, limit: usize, place: &Place) -> Result<RawPage> {
    let wrong = |what: &str| {
        Error::new(ErrorKind::WrongDocument, format!("{} answered a page of {key} {what}", response.endpoint))
    };
    let mut document: Value = response.json()?;
    let Some(Value::Array(items)) = document.get_mut(key).map(Value::take) else {
        return Err(wrong("without its list"));
    };
    let mut ids = BTreeSet::new();
    for item in &items {
        let id = item["id"].as_str().ok_or_else(|| wrong("with an item that has no id"))?;
        if !ids.insert(id) || place.marker.as_deref() == Some(id) {
            return Err(wrong("with an item twice"));
        }
    }
    let last = || items.last().and_then(|item| item["id"].as_str()).map(str::to_owned);
    let marker = match next_link(&document, key) {
        Some(link) => Some(marker_of(link).or_else(last).ok_or_else(|| wrong("that leads nowhere"))?),
        // A full page without a link may come from a proxy that dropped it: one more call makes it certain.
        None if items.len() >= limit => last(),
        None => None,
    };
    Ok(RawPage { items, marker })
}

fn next_link<'a>(document: &'a Value, key: &str) -> Option<&'a str> {
    if let Some(next) = document["next"].as_str() {
        return Some(next);
    }
    let links = document[format!("{key}_links")].as_array()?;
    links.iter().find(|link| link["rel"] == "next")?["href"].as_str()
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
    use crate::wire::testing::json_response;

    fn page(text: &str, limit: usize) -> Result<RawPage> {
        read(&json_response(text), "servers", limit, &Place::start())
    }

    #[test]
    fn the_next_marker_comes_from_the_link_or_the_last_item() {
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
    fn what_is_no_page_is_never_an_empty_one() {
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
    fn circles_of_any_length_are_found_and_long_listings_are_not_circles() {
        for length in [1, 2, 3, 7, 100] {
            let mut place = Place::start();
            let stopped = (0..4 * length + 10).position(|step| {
                match place.then((step % length).to_string()) {
                    Ok(next) => place = Place::from_token(Some(&next.to_token().unwrap())).unwrap(),
                    Err(_) => return true,
                }
                false
            });
            assert!(stopped.is_some(), "a circle of {length}");
        }
        (0..10_000).fold(Place::start(), |place, step| place.then(step.to_string()).unwrap());
    }

    #[test]
    fn a_foreign_token_is_refused() {
        let foreign = PageToken("42".to_owned());
        assert_eq!(Place::from_token(Some(&foreign)).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
