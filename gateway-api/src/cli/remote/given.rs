//! The order of a write, as its command gives it: members one by one, or a whole document.

use std::path::{Path, PathBuf};

use clap::Args;
use gateway_core::error::{Error, Result};
use gateway_core::kind::VerbSpec;
use serde_json::{Map, Value};

use super::members::{self, Member};

/// Stands for standard input.
const INPUT: &str = "-";

#[derive(Debug, Args)]
pub(super) struct Given {
    /// Members of the order, such as `size_gib=5` or `tags.tier=front`: JSON where the value is some, else text. Others
    /// can see them in the list of processes: secrets go into a file.
    #[arg(value_name = "NAME=VALUE", value_parser = members::parse)]
    members: Vec<Member>,
    /// The whole order, in place of members: a file with a JSON object, or `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "members")]
    order: Option<PathBuf>,
}

impl Given {
    /// Whether the members fit together.
    pub(super) fn check(&self, spec: &VerbSpec) -> Result<(), String> {
        members::combine(&self.members, spec).map(drop)
    }

    /// The order.
    pub(super) fn order(&self, spec: &VerbSpec) -> Result<Map<String, Value>> {
        match &self.order {
            Some(file) => read(file),
            None => members::combine(&self.members, spec).map_err(Error::invalid),
        }
    }
}

/// Reads a whole order. What is wrong is said by place alone: it may hold secrets.
fn read(from: &Path) -> Result<Map<String, Value>> {
    let name = from.display();
    let text = match from == Path::new(INPUT) {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(from),
    };
    let text = text.map_err(|error| Error::invalid(format!("cannot read the order from {name}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!(
            "{name} holds no JSON object: first difference at line {line}, column {column}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_one_object_and_what_is_wrong_quotes_nothing() {
        let read = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            read(file.path())
        };
        assert_eq!(read(" {\"name\": \"a\"}\n").unwrap()["name"], "a");
        for wrong in ["[\"hunter2\"]", "{\"user_data\": hunter2}", "\"hunter2\"", ""] {
            let error = read(wrong).unwrap_err();
            assert!(error.message().contains("line") && !error.chain().contains("hunter2"), "{error}");
        }
    }
}
