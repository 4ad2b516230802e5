//! Recorded statements with their values inserted, so that the database can explain them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A form of statement.
pub struct Statement {
    /// Text with placeholders.
    pub form: String,
    /// Text with the values of one call.
    pub sql: String,
}

impl Statement {
    /// Returns one statement of each form that reads. Inserts of values and settings of a session have no plan.
    pub fn distinct(recorded: Vec<String>) -> Vec<Self> {
        let mut forms = BTreeMap::new();
        for text in recorded {
            let (form, binds) = text.split_once(" -- binds: ").unwrap_or((&text, "[]"));
            let reads = form.starts_with("UPDATE") || form.starts_with("DELETE") || form.contains(" FROM ");
            if reads && !form.starts_with("INSERT") {
                // Lists of different lengths are one form.
                let key = form.replace("?, ", "").replace("? , ", "");
                forms.entry(key).or_insert_with(|| (form.to_owned(), fill(form, binds)));
            }
        }
        forms.into_values().map(|(form, sql)| Self { form, sql }).collect()
    }
}

fn fill(form: &str, binds: &str) -> String {
    let mut values = values(binds).into_iter();
    let mut sql = String::new();
    for part in form.split_inclusive('?') {
        match part.strip_suffix('?') {
            Some(text) => {
                let value = values.next().unwrap_or_else(|| panic!("too few values for {form}: {binds}"));
                let _ = write!(sql, "{text}{value}");
            }
            None => sql.push_str(part),
        }
    }
    sql
}

/// Parses a list in the format of Rust's `Debug`: numbers, texts, and bytes as lists of numbers.
fn values(binds: &str) -> Vec<String> {
    let inner = binds.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    let (mut values, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '[' | '(' if !quoted => depth += 1,
            ']' | ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                values.push(literal(inner[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner.is_empty() {
        values.push(literal(inner[start..].trim()));
    }
    values
}

fn literal(value: &str) -> String {
    if let Some(inner) = value.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        return literal(inner);
    }
    if value == "None" {
        return "NULL".to_owned();
    }
    if value.starts_with('"') {
        let text: String = serde_json::from_str(value).unwrap_or_else(|error| panic!("{value}: {error}"));
        return format!("'{}'", text.replace('\'', "''"));
    }
    match value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(bytes) => {
            let bytes = bytes.split(',').filter_map(|byte| byte.trim().parse::<u8>().ok());
            format!("x'{}'", bytes.map(|byte| format!("{byte:02x}")).collect::<String>())
        }
        None => value.to_owned(),
    }
}
