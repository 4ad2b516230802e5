//! An answer's XML as a tree by local names: EC2-like clouds disagree on namespaces, not on names.

use gateway_core::{Error, ErrorKind, Result};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// EC2's documents are a dozen deep. Higher would let a hostile one exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Lists that do not say so by their name, for when they are empty.
const LISTS: [&str; 8] = [
    "blockDeviceMapping",
    "groups",
    "ipPermissions",
    "ipPermissionsEgress",
    "ipRanges",
    "ipv6Ranges",
    "prefixListIds",
    "productCodes",
];

/// Names of a list's items: EC2's list of inference accelerators alone has the second.
const ITEMS: [&str; 2] = ["item", "member"];

/// One element with what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Parses a whole document to its root.
    ///
    /// # Errors
    /// `WrongDocument`, when it is not well-formed or ends too early.
    pub(crate) fn parse(document: &str) -> Result<Self> {
        let mut reader = Reader::from_str(document);
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        loop {
            match reader.read_event().map_err(|error| odd("not XML").with_source(error))? {
                Event::Start(start) if open.len() < MAX_DEPTH && root.is_none() => {
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Event::Start(_) => return Err(odd("too deep, or more than one document")),
                Event::Empty(start) => close(Self::named(start.local_name().as_ref()), &mut open, &mut root)?,
                Event::End(_) => {
                    let done = open.pop().ok_or_else(|| odd("ends what it did not start"))?;
                    close(done, &mut open, &mut root)?;
                }
                Event::Text(text) => write(&mut open, &text.xml10_content())?,
                Event::CData(text) => write(&mut open, &text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().map_err(|_| odd("bad reference"))?;
                    match (character, resolve_xml_entity(&reference)) {
                        (Some(character), _) => write(&mut open, character.encode_utf8(&mut [0; 4]))?,
                        (None, Some(text)) => write(&mut open, text)?,
                        (None, None) => return Err(odd("unknown entity")),
                    }
                }
                Event::DocType(_) => return Err(odd("has a document type")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if open.is_empty() => return root.ok_or_else(|| odd("empty")),
                Event::Eof => return Err(odd("cut short")),
            }
        }
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text at the end of a path as it is, since names may end in a space; `None` where it is missing or blank.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str()).filter(|text| !text.trim().is_empty())
    }

    /// The text at the end of a path as [`Self::text_at`] has it, to keep.
    pub(crate) fn owned_at(&self, path: &[&str]) -> Option<String> {
        self.text_at(path).map(ToOwned::to_owned)
    }

    /// The text at the end of a path, read as a number or a flag.
    ///
    /// # Errors
    /// `WrongDocument`, when there is text that does not read so.
    pub(crate) fn read_at<T: std::str::FromStr>(&self, path: &[&str]) -> Result<Option<T>> {
        self.text_at(path)
            .map(|text| {
                text.trim()
                    .parse()
                    .map_err(|_| odd("a field of the wrong type").with("field", path.join(".")))
            })
            .transpose()
    }

    /// The text of a child that every document of this type has.
    ///
    /// # Errors
    /// `WrongDocument`, when it is missing.
    pub(crate) fn required(&self, path: &[&str]) -> Result<&str> {
        self.text_at(path).ok_or_else(|| odd("a field is missing").with("field", path.join(".")))
    }

    /// The items of the list at the end of a path; none when it is missing.
    pub(crate) fn items<'a>(&'a self, path: &[&str]) -> impl Iterator<Item = &'a Self> + use<'a> {
        self.at(path).into_iter().flat_map(|list| list.children.iter().filter(|child| child.is_item()))
    }

    /// The element as JSON: objects by local name, lists of items as arrays, text as strings, nothing left out.
    pub(crate) fn to_json(&self) -> Value {
        if self.children.is_empty() {
            let is_list = self.name.ends_with("Set") || LISTS.contains(&self.name.as_str());
            let is_empty = self.text.trim().is_empty();
            return if is_list && is_empty { Value::Array(Vec::new()) } else { self.text.clone().into() };
        }
        let text = self.text.trim();
        if text.is_empty() && self.children.iter().all(Self::is_item) {
            return self.children.iter().map(Self::to_json).collect();
        }
        let mut object = Map::new();
        for child in &self.children {
            insert(&mut object, &child.name, child.to_json(), self.repeats(&child.name));
        }
        if !text.is_empty() {
            object.insert("#text".to_owned(), text.into());
        }
        Value::Object(object)
    }

    fn is_item(&self) -> bool {
        ITEMS.contains(&self.name.as_str())
    }

    fn repeats(&self, name: &str) -> bool {
        self.children.iter().filter(|child| child.name == name).nth(1).is_some()
    }
}

fn insert(object: &mut Map<String, Value>, name: &str, value: Value, repeats: bool) {
    if !repeats {
        object.insert(name.to_owned(), value);
    } else if let Value::Array(values) = object.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
        values.push(value);
    }
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<()> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_none() => *root = Some(done),
        None => return Err(odd("more than one document")),
    }
    Ok(())
}

fn write(open: &mut [Element], text: &str) -> Result<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(odd("text outside the document")),
    }
    Ok(())
}

/// An answer that is not what was asked for.
pub(crate) fn odd(reason: &str) -> Error {
    Error::new(ErrorKind::WrongDocument, "the cloud's answer is not of the expected type").with("xml", reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_local_and_references_resolved() {
        let root =
            Element::parse("<?xml version=\"1.0\"?>\n<e:a xmlns:e='u'><e:b>x &amp; &#x41;&lt;</e:b></e:a>")
                .unwrap();
        assert_eq!(root.name, "a");
        assert_eq!(root.text_at(&["b"]), Some("x & A<"));
    }

    #[test]
    fn json_is_complete_and_lists_are_always_arrays() {
        let document = "<v><tagSet/><productCodes/><ipRanges/><reason/><id> i </id><s><item>1</item></s>\
            <set><item><k>a</k></item><item/></set><of><member>m</member></of><r>1</r><r>2</r></v>";
        let json = Element::parse(document).unwrap().to_json();
        let expected = json!({"tagSet": [], "productCodes": [], "ipRanges": [], "reason": "", "id": " i ", "s": ["1"],
            "set": [{"k": "a"}, ""], "of": ["m"], "r": ["1", "2"]});
        assert_eq!(json, expected);
    }

    #[test]
    fn every_cut_of_a_document_is_an_error() {
        let document = "<a><b>1 &amp; 2</b><cSet><item/></cSet></a>";
        assert!(Element::parse(document).is_ok());
        for end in 0..document.len() {
            let error = Element::parse(&document[..end]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{end}");
        }
    }

    #[test]
    fn what_is_not_one_plain_document_is_an_error() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        for document in ["", "{}", "<a/><b/>", "<a></b>", "<!DOCTYPE a><a/>", "<a>&x;</a>", "<a/>tail", &deep]
        {
            assert_eq!(Element::parse(document).unwrap_err().kind(), ErrorKind::WrongDocument, "{document}");
        }
    }

    #[test]
    fn numbers_that_do_not_read_are_an_error_and_not_a_gap() {
        let root = Element::parse("<a><n>12</n><m>twelve</m><e/></a>").unwrap();
        assert_eq!(root.read_at::<u64>(&["n"]).unwrap(), Some(12));
        assert!(root.read_at::<u64>(&["m"]).is_err());
        assert_eq!(root.read_at::<u64>(&["e"]).unwrap(), None);
    }
}
