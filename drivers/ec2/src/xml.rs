//! An answer's XML as a tree of local names, because EC2-like clouds have different namespaces and the same names.

use std::str::FromStr;

use gateway_core::{Error, ErrorKind, Result, Timestamp};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// The deepest document that is read. EC2's documents have about twelve levels; a higher limit would let a hostile
/// document exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Lists whose names do not end with `Set`: needed to recognize them when they are empty.
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

/// Names of a list's items. Only EC2's list of inference accelerators uses the second.
const ITEMS: [&str; 2] = ["item", "member"];

/// An element with its content.
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
    /// `WrongDocument`, when it is not well-formed or incomplete.
    pub(crate) fn parse(document: &str) -> Result<Self> {
        let mut reader = Reader::from_str(document);
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        loop {
            match reader.read_event().map_err(|error| wrong_document("not XML").with_source(error))? {
                Event::Start(start) if open.len() < MAX_DEPTH && root.is_none() => {
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Event::Start(_) => return Err(wrong_document("too deep, or more than one document")),
                Event::Empty(start) => close(Self::named(start.local_name().as_ref()), &mut open, &mut root)?,
                Event::End(_) => {
                    let done = open.pop().ok_or_else(|| wrong_document("an end without start"))?;
                    close(done, &mut open, &mut root)?;
                }
                Event::Text(text) => write(&mut open, &text.xml10_content())?,
                Event::CData(text) => write(&mut open, &text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character =
                        reference.resolve_char_ref().map_err(|_| wrong_document("an invalid reference"))?;
                    match (character, resolve_xml_entity(&reference)) {
                        (Some(character), _) => write(&mut open, character.encode_utf8(&mut [0; 4]))?,
                        (None, Some(text)) => write(&mut open, text)?,
                        (None, None) => return Err(wrong_document("an unknown entity")),
                    }
                }
                Event::DocType(_) => return Err(wrong_document("a document type")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if open.is_empty() => return root.ok_or_else(|| wrong_document("empty")),
                Event::Eof => return Err(wrong_document("incomplete")),
            }
        }
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Returns the first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the element at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Returns the text at the end of a path, with its spaces, which names may end with; `None` if it is missing or blank.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str()).filter(|text| !text.trim().is_empty())
    }

    /// Returns an owned copy of [`Self::text_at`].
    pub(crate) fn owned_at(&self, path: &[&str]) -> Option<String> {
        self.text_at(path).map(ToOwned::to_owned)
    }

    /// Parses the text at the end of a path as a number or a boolean.
    ///
    /// # Errors
    /// `WrongDocument`, when there is text of another form.
    pub(crate) fn read_at<T: FromStr>(&self, path: &[&str]) -> Result<Option<T>> {
        self.text_at(path)
            .map(|text| {
                text.trim()
                    .parse()
                    .map_err(|_| wrong_document("a field of the wrong type").with("field", path.join(".")))
            })
            .transpose()
    }

    /// Parses the text at the end of a path as a time.
    ///
    /// # Errors
    /// `WrongDocument`, when there is text of another form.
    pub(crate) fn time_at(&self, path: &[&str]) -> Result<Option<Timestamp>> {
        let parse = |text| {
            Timestamp::parse(text).ok_or_else(|| wrong_document("not a time").with("field", path.join(".")))
        };
        self.text_at(path).map(parse).transpose()
    }

    /// Returns the text at the end of a path that every document of this type has.
    ///
    /// # Errors
    /// `WrongDocument`, when it is missing.
    pub(crate) fn required(&self, path: &[&str]) -> Result<&str> {
        self.text_at(path).ok_or_else(|| wrong_document("a field is missing").with("field", path.join(".")))
    }

    /// Returns the items of the list at the end of a path; none if the list is missing.
    pub(crate) fn items<'a>(&'a self, path: &[&str]) -> impl Iterator<Item = &'a Self> + use<'a> {
        self.at(path).into_iter().flat_map(|list| list.children.iter().filter(|child| child.is_item()))
    }

    /// Converts the whole element to JSON: objects by local name, lists of items as arrays, text as strings.
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
        None => return Err(wrong_document("more than one document")),
    }
    Ok(())
}

fn write(open: &mut [Element], text: &str) -> Result<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(wrong_document("text outside of the document")),
    }
    Ok(())
}

/// Returns the error of an answer that is not of the expected type.
pub(crate) fn wrong_document(reason: &str) -> Error {
    Error::new(ErrorKind::WrongDocument, "the cloud's answer is not of the expected type").with("xml", reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_local_and_references_are_resolved() {
        let root =
            Element::parse("<?xml version=\"1.0\"?>\n<e:a xmlns:e='u'><e:b>x &amp; &#x41;&lt;</e:b></e:a>")
                .unwrap();
        assert_eq!(root.name, "a");
        assert_eq!(root.text_at(&["b"]), Some("x & A<"));
    }

    #[test]
    fn json_is_complete_and_has_lists_as_arrays() {
        let document = "<v><tagSet/><productCodes/><ipRanges/><reason/><id> i </id><s><item>1</item></s>\
            <set><item><k>a</k></item><item/></set><of><member>m</member></of><r>1</r><r>2</r></v>";
        let json = Element::parse(document).unwrap().to_json();
        let expected = json!({"tagSet": [], "productCodes": [], "ipRanges": [], "reason": "", "id": " i ", "s": ["1"],
            "set": [{"k": "a"}, ""], "of": ["m"], "r": ["1", "2"]});
        assert_eq!(json, expected);
    }

    #[test]
    fn incomplete_document_is_an_error() {
        let document = "<a><b>1 &amp; 2</b><cSet><item/></cSet></a>";
        assert!(Element::parse(document).is_ok());
        for end in 0..document.len() {
            let error = Element::parse(&document[..end]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{end}");
        }
    }

    #[test]
    fn other_text_than_one_document_is_an_error() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        for document in ["", "{}", "<a/><b/>", "<a></b>", "<!DOCTYPE a><a/>", "<a>&x;</a>", "<a/>tail", &deep]
        {
            assert_eq!(Element::parse(document).unwrap_err().kind(), ErrorKind::WrongDocument, "{document}");
        }
    }

    #[test]
    fn text_that_is_no_number_is_an_error() {
        let root = Element::parse("<a><n>12</n><m>twelve</m><e/></a>").unwrap();
        assert_eq!(root.read_at::<u64>(&["n"]).unwrap(), Some(12));
        assert!(root.read_at::<u64>(&["m"]).is_err());
        assert_eq!(root.read_at::<u64>(&["e"]).unwrap(), None);
    }
}
