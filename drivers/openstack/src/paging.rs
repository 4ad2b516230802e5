//! Pages by marker and limit. Links are read for their marker and never followed: they are the cloud's
//! word, and often name a host that only the cloud can reach.

use std::collections::BTreeSet;

use driver_kit::Response;
use gateway_core::driver::PageToken;
use gateway_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use crate::resources::Pages;

/// Where a listing is, with what proves that it gets on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which of the kind's queries.
    pub(crate) pass: usize,
    /// After which id.
    pub(crate) marker: Option<String>,
    /// The native key of the last item, where the next may be its twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<String>,
    /// A marker seen before, moved up at each power of two: a circle of any length comes back to it
    /// (Brent's algorithm), and nothing else has to be remembered.
    anchor: Option<String>,
    steps: u32,
    power: u32,
}

impl Place {
    /// The beginning.
    pub(crate) fn start() -> Self {
        Self { pass: 0, marker: None, last: None, anchor: None, steps: 0, power: 1 }
    }

    /// The beginning of one of the kind's queries.
    pub(crate) fn start_of(pass: usize) -> Self {
        Self { pass, ..Self::start() }
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

    /// The same, with the native key of the last item before it.
    pub(crate) fn after(self, last: Option<String>) -> Self {
        Self { last, ..self }
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

/// Reads a page: `{KEY: [...], ..._links: [{"rel": "next"}]}`, or with Glance's `next`.
pub(crate) fn read(response: &Response, pages: &Pages, limit: usize, place: &Place) -> Result<RawPage> {
    let Pages { key, around, id, has_links } = *pages;
    let wrong = |what: &str| {
        Error::new(ErrorKind::WrongDocument, format!("{} answered a page of {key} {what}", response.endpoint))
    };
    let mut document: Value = response.json()?;
    let Some(Value::Array(mut items)) = document.get_mut(key).map(Value::take) else {
        return Err(wrong("without its list"));
    };
    if let Some(around) = around {
        items.iter_mut().for_each(|item| *item = item.get_mut(around).map(Value::take).unwrap_or_default());
    }
    let mut ids = BTreeSet::new();
    for item in &items {
        let id = item[id].as_str().ok_or_else(|| wrong("with an item that has no id"))?;
        if !ids.insert(id) || place.marker.as_deref() == Some(id) {
            return Err(wrong("with an item twice"));
        }
    }
    let last = || items.last().and_then(|item| item[id].as_str()).map(str::to_owned);
    let marker = match next_link(&document) {
        Some(link) => Some(marker_of(link).or_else(last).ok_or_else(|| wrong("that leads nowhere"))?),
        // A full page without a link may come from a proxy that dropped it: one more call makes it certain. Where
        // there are no links, the service may have cut the page at a limit of its own.
        None if items.len() >= limit || !has_links => last(),
        None => None,
    };
    Ok(RawPage { items, marker })
}

/// Reads an answer with one document, bare or with a key around it.
pub(crate) fn read_one(response: &Response, around: Option<&str>) -> Result<Value> {
    let mut document: Value = response.json()?;
    Ok(match around {
        Some(key) => document.get_mut(key).map(Value::take).unwrap_or_default(),
        None => document,
    })
}

/// Reads an answer that has everything; one that goes on elsewhere has not.
pub(crate) fn read_whole(
    response: &Response,
    take_apart: fn(Value) -> Option<Vec<Value>>,
) -> Result<Vec<Value>> {
    let document: Value = response.json()?;
    let goes_on = next_link(&document).is_some();
    take_apart(document).filter(|_| !goes_on).ok_or_else(|| {
        let what = if goes_on { "a part of what should be whole" } else { "another document" };
        Error::new(ErrorKind::WrongDocument, format!("{} answered {what}", response.endpoint))
    })
}

/// The name of the links is the list's, most often: of `volume_types` they are `volume_type_links`.
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
    use crate::wire::testing::json_response;

    fn page(text: &str, limit: usize) -> Result<RawPage> {
        read(&json_response(text), &Pages::of("servers"), limit, &Place::start())
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
    fn documents_are_taken_out_of_what_is_around_them() {
        let text = r#"{"keypairs":[{"keypair":{"name":"a"}}],
            "keypair_links":[{"rel":"previous","href":"http://x?marker=0"},{"rel":"next","href":"http://x?marker=a"}]}"#;
        let pages = Pages { around: Some("keypair"), id: "name", ..Pages::of("keypairs") };
        let read_as = |pages: &Pages| read(&json_response(text), pages, 5, &Place::start());
        let page = read_as(&pages).unwrap();
        assert_eq!((page.items[0]["name"].as_str(), page.marker.as_deref()), (Some("a"), Some("a")));
        assert!(read_as(&Pages { around: Some("key"), ..pages }).is_err());
    }

    #[test]
    fn without_links_only_an_empty_page_is_the_last() {
        let pages = Pages { has_links: false, ..Pages::of("attachments") };
        let marker = |text| read(&json_response(text), &pages, 1000, &Place::start()).unwrap().marker;
        assert_eq!(marker(r#"{"attachments":[{"id":"a"}]}"#).as_deref(), Some("a"));
        assert_eq!(marker(r#"{"attachments":[]}"#), None);
    }

    #[test]
    fn half_of_what_should_be_whole_is_an_error() {
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
