//! The code and the message of a service's error answer, without quoted values.

use driver_kit::{Response, cloud_words, trim_words};
use serde_json::Value;

/// Returns the service's error code, if it has one, and its message.
pub(super) fn code_and_message(response: &Response) -> Option<(Option<String>, String)> {
    let document: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if let Some(kind) = document["NeutronError"]["type"].as_str() {
        return Some((Some(trim_words(kind)), cloud_words(response)?));
    }
    let nested =
        document.as_object().and_then(|only| only.values().find_map(|value| value["message"].as_str()));
    let message = nested.map(|message| trim_words(&without_values(message)));
    Some((None, message.or_else(|| html_message(response)).or_else(|| cloud_words(response))?))
}

/// The phrases that follow a value that fails the schema of Nova or Cinder.
const REASONS: [&str; 8] = [
    "Additional properties are not allowed",
    "is a required property",
    "is not of type",
    "is not one of",
    "does not match",
    "is too long",
    "is too short",
    "is not valid under any of the given schemas",
];

/// Removes quoted values: Nova and Cinder quote the whole invalid value, which may contain secrets. The reason stays.
fn without_values(message: &str) -> String {
    let Some((field, value)) = message.split_once(" Value: ") else { return message.to_owned() };
    let reason = REASONS.iter().find_map(|reason| Some(&value[value.rfind(reason)?..]));
    match reason {
        // The name of the missing property precedes the phrase.
        Some("is a required property") => {
            let name = value.rsplit(' ').nth(4).unwrap_or_default();
            format!("{field} {name} is a required property")
        }
        Some(reason) => format!("{field} {reason}"),
        None => field.to_owned(),
    }
}

/// Returns the message in an HTML page of Glance: the text after the heading.
fn html_message(response: &Response) -> Option<String> {
    let text = String::from_utf8_lossy(&response.body);
    let words = text.split_once("</h1>")?.1.split('<').next()?;
    let words =
        [("&#x27;", "'"), ("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
            .iter()
            .fold(words.to_owned(), |words, (coded, plain)| words.replace(coded, plain));
    Some(trim_words(words.split("\n\nFailed validating").next()?)).filter(|words| !words.is_empty())
}
