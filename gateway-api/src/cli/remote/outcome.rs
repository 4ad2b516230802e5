//! Output of a write.

use gateway_client::Answer;
use gateway_core::Kind;
use gateway_core::error::Result;
use gateway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::columns::Columns;
use super::key_file::KeyFile;
use super::{Form, operations, value};
use crate::cli::output;
use crate::cli::table::{Table, printable};

/// Field of an answer with a one-time output: the gateway does not store it.
const PRIVATE_KEY: &str = "private_key";

/// The answer to a write that was done or accepted.
#[derive(Deserialize)]
struct Outcome {
    operation: Value,
    #[serde(default)]
    resources: Vec<Value>,
    private_key: Option<Secret>,
    console_output: Option<String>,
}

/// Text for standard output and notes for standard error. The text may be a private key.
#[cfg_attr(test, derive(Debug))]
struct Printed {
    out: String,
    notes: Vec<String>,
}

/// Prints the outcome and returns whether the answer has a private key.
pub(super) fn print(answer: &Answer, form: Form, file: Option<KeyFile>) -> Result<bool> {
    let outcome: Outcome = answer.read()?;
    let key = outcome.private_key.as_ref();
    let kept = match (key, file) {
        (Some(key), Some(file)) => Some(file.write(key)),
        _ => None,
    };
    // The key exists nowhere else. If the file fails, it is printed instead of lost.
    let in_file = matches!(kept, Some(Ok(())));
    let printed = match form {
        Form::Json if in_file => without_key(&answer.read()?),
        Form::Json => Printed { out: format!("{}\n", answer.body), notes: Vec::new() },
        Form::Table => table(&outcome, key.filter(|_| !in_file)),
    };
    printed.notes.iter().for_each(|note| output::note(note));
    output::data(&printed.out)?;
    kept.unwrap_or(Ok(()))?;
    Ok(key.is_some())
}

fn without_key(document: &Map<String, Value>) -> Printed {
    let mut document = document.clone();
    document.remove(PRIVATE_KEY);
    Printed { out: format!("{}\n", Value::Object(document)), notes: Vec::new() }
}

/// Returns the output for people. A private key without a file is alone on standard output, so that it can be redirected.
fn table(outcome: &Outcome, key: Option<&Secret>) -> Printed {
    let mut out = String::new();
    if let Some(text) = &outcome.console_output {
        // Control characters of the console must not move the cursor.
        out.extend(text.lines().map(|line| format!("{}\n", printable(line.trim_end_matches('\r')))));
    } else if outcome.operation["over"] == false {
        out = format!("{}\n", operations::table(std::iter::once(&outcome.operation)));
    } else if !outcome.resources.is_empty() {
        out = format!("{}\n", tables(&outcome.resources).join("\n\n"));
    }
    let operation = &outcome.operation;
    let (state, id) = (value::text(&operation["state"]), value::text(&operation["id"]));
    let mut notes = vec![match operation["over"] == false {
        true => format!("{state}: `gateway operation {id} --wait` waits for the outcome"),
        false => format!("{state}: operation {id}"),
    }];
    if let Some(key) = key {
        let text = key.expose();
        notes.splice(0..0, out.lines().map(str::to_owned));
        out = format!("{text}{}", if text.ends_with('\n') { "" } else { "\n" });
    }
    Printed { out, notes }
}

/// Returns a table for each run of resources of the same kind.
fn tables(resources: &[Value]) -> Vec<String> {
    let of_one_kind = resources.chunk_by(|one, next| one["kind"] == next["kind"]);
    of_one_kind
        .map(|some| {
            let kind = some[0]["kind"].as_str().and_then(Kind::parse);
            let Some(kind) = kind else {
                // The gateway knows a kind that this program does not.
                return some.iter().map(value::text).collect::<Vec<_>>().join("\n");
            };
            let columns = Columns::of(kind.spec());
            let mut table = Table::of_lines(&columns.header(), columns.of_all);
            some.iter().for_each(|record| table.row(columns.row(record)));
            table.text()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(mut more: Value) -> Printed {
        let mut document = json!({
            "operation": { "id": "op-1", "state": "succeeded", "over": true },
            "resources": [{ "kind": "ssh_key", "id": "key-1", "name": "laptop", "cloud": "lab", "region": "r" }],
        });
        document.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
        let outcome: Outcome = serde_json::from_value(document).unwrap();
        table(&outcome, outcome.private_key.as_ref())
    }

    #[test]
    fn resource_is_a_row_and_its_operation_a_note() {
        let printed = printed(json!({}));
        assert!(printed.out.starts_with("ID ") && printed.out.contains("key-1  laptop"), "{printed:?}");
        assert_eq!(printed.notes, ["succeeded: operation op-1"]);
    }

    #[test]
    fn private_key_is_alone_on_standard_output() {
        let printed = printed(json!({ "private_key": "-----BEGIN\nhunter2\n-----END" }));
        assert_eq!(printed.out, "-----BEGIN\nhunter2\n-----END\n");
        assert_eq!(printed.notes.len(), 3);
        assert!(printed.notes[1].contains("key-1  laptop"), "{:?}", printed.notes);
        assert!(!printed.notes.join("\n").contains("hunter2"));
        let document = json!({ "operation": {}, "private_key": "hunter2" });
        let printed = without_key(document.as_object().unwrap());
        assert_eq!(printed.out, "{\"operation\":{}}\n");
    }

    #[test]
    fn console_output_has_no_control_characters() {
        let printed = printed(json!({ "console_output": "boot\r\nlogin: \u{1b}[2J" }));
        assert_eq!(printed.out, "boot\nlogin: \\u{1b}[2J\n");
    }

    #[test]
    fn running_operation_is_printed_with_the_command_that_waits() {
        let operation =
            json!({ "id": "op-1", "state": "accepted", "over": false, "verb": "create", "kind": "volume" });
        let printed = printed(json!({ "operation": operation, "resources": [] }));
        assert!(printed.out.contains("op-1") && printed.out.contains("accepted"), "{printed:?}");
        assert!(printed.notes[0].contains("gateway operation op-1 --wait"), "{printed:?}");
    }
}
