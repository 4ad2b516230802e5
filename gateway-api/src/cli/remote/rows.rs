//! Documents that arrive page by page. An array is written page by page, a table after the last page.

use gateway_core::error::Result;
use serde_json::Value;

use super::Form;
use crate::cli::output;

#[derive(Debug)]
pub(in crate::cli) struct Rows {
    form: Form,
    /// The rows of a table, whose widths depend on all of them.
    kept: Vec<Value>,
    /// The text before the next document.
    between: &'static str,
}

/// Text before the first document of an array.
const START: &str = "[\n";

impl Rows {
    pub(in crate::cli) fn new(form: Form) -> Self {
        Self { form, kept: Vec::new(), between: START }
    }

    /// Adds a page. Returns `false` if the reader has closed the pipe.
    pub(in crate::cli) fn add(&mut self, page: Vec<Value>) -> Result<bool> {
        match self.form {
            Form::Table => {
                self.kept.extend(page);
                Ok(true)
            }
            Form::Json => output::data(&self.array(&page)),
        }
    }

    /// Writes the rest.
    pub(in crate::cli) fn end(self, table: impl FnOnce(&[Value]) -> String) -> Result<()> {
        let text = match self.form {
            Form::Table => format!("{}\n", table(&self.kept)),
            Form::Json => self.array_end().to_owned(),
        };
        output::data(&text).map(drop)
    }

    /// Returns a part of the array with each document on its own line.
    fn array(&mut self, page: &[Value]) -> String {
        let mut text = String::new();
        for document in page {
            text.push_str(self.between);
            text.push_str(&document.to_string());
            self.between = ",\n";
        }
        text
    }

    fn array_end(&self) -> &'static str {
        if self.between == START { "[]\n" } else { "\n]\n" }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_form_one_array_with_a_document_per_line() {
        let mut rows = Rows::new(Form::Json);
        assert_eq!(rows.array_end(), "[]\n");
        let items = [json!({ "a": 1 }), json!({ "b": "x\ny" }), json!(3)];
        let text = rows.array(&items[..2]) + &rows.array(&[]) + &rows.array(&items[2..]) + rows.array_end();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!(items));
    }
}
