//! The recorded XML, read by other code than the driver's.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// The texts of a document with their paths, in order. Items of lists add nothing to a path.
pub(crate) type Texts = Vec<(String, String)>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(crate) fn parse(document: &str) -> Self {
        let mut reader = Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(done);
                }
                Event::Text(text) => open.last_mut().unwrap().text += &text.xml10_content(),
                Event::GeneralRef(_) | Event::CData(_) => panic!("unexpected in a recorded document"),
                Event::Eof => return open.pop().unwrap().children.pop().unwrap(),
                _ => {}
            }
        }
    }

    /// Returns the items of every list of that name, in order.
    pub(crate) fn items(&self, list: &str) -> Vec<&Self> {
        let lists = self.children.iter().filter(|child| child.name == list);
        lists.flat_map(|list| &list.children).filter(|item| item.name == "item").collect()
    }

    pub(crate) fn texts(&self) -> Texts {
        let mut texts = Texts::new();
        self.add_texts("", &mut texts);
        texts.sort();
        texts
    }

    pub(crate) fn add_texts(&self, path: &str, texts: &mut Texts) {
        if self.children.is_empty() {
            texts.push((path.to_owned(), unless_blank(&self.text)));
        }
        for child in &self.children {
            let path = if child.name == "item" { path.to_owned() } else { format!("{path}.{}", child.name) };
            child.add_texts(&path, texts);
        }
    }
}

/// Adds the texts of JSON that the driver made of a document.
pub(crate) fn texts_of_json(value: &Value, path: &str, texts: &mut Texts) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| texts_of_json(value, &format!("{path}.{name}"), texts));
        }
        Value::Array(values) if values.is_empty() => texts.push((path.to_owned(), String::new())),
        Value::Array(values) => values.iter().for_each(|value| texts_of_json(value, path, texts)),
        Value::String(text) => texts.push((path.to_owned(), unless_blank(text))),
        other => panic!("{path}: {other} cannot be from XML"),
    }
}

fn unless_blank(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { text.to_owned() }
}
