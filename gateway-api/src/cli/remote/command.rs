//! Command bodies from the command line: single fields, or a whole document.

use std::path::{Path, PathBuf};

use clap::Args;
use gateway_core::error::{Error, Result};
use gateway_core::kind::VerbSpec;
use serde_json::{Map, Value};

use super::fields::{self, Field};

/// File name that stands for standard input.
const INPUT: &str = "-";

#[derive(Debug, Args)]
pub(super) struct CommandArguments {
    /// Fields of the command, such as `size_gib=5` or `tags.tier=front`. A value is parsed as JSON if possible and is a
    /// string otherwise. Others can see them in the list of processes: put secrets into a file.
    #[arg(value_name = "NAME=VALUE", value_parser = fields::parse)]
    fields: Vec<Field>,
    /// Read the whole command, a JSON object, from this file, or from standard input if it is `-`.
    #[arg(long, value_name = "FILE", conflicts_with = "fields")]
    command: Option<PathBuf>,
}

impl CommandArguments {
    /// Checks that the fields fit together.
    pub(super) fn check(&self, spec: &VerbSpec) -> Result<(), String> {
        fields::combine(&self.fields, spec).map(drop)
    }

    /// Returns the body.
    pub(super) fn body(&self, spec: &VerbSpec) -> Result<Map<String, Value>> {
        match &self.command {
            Some(file) => read(file),
            None => fields::combine(&self.fields, spec).map_err(Error::invalid),
        }
    }
}

/// Reads a whole command. An error names only line and column, because the file may contain secrets.
fn read(from: &Path) -> Result<Map<String, Value>> {
    let name = from.display();
    let text = match from == Path::new(INPUT) {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(from),
    };
    let text =
        text.map_err(|error| Error::invalid(format!("cannot read the command from `{name}`: {error}")))?;
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!(
            "`{name}` does not contain a JSON object: it differs at line {line}, column {column}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_with_anything_but_an_object_is_refused_without_a_quote() {
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
