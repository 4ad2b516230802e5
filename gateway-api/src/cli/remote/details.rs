//! What a refused write says besides its title: a line each, below it.

use gateway_core::error::CloudWords;
use gateway_core::kind::FieldError;
use serde::Deserialize;
use serde_json::Value;

use super::value;
use crate::cli::table::printable;

/// Members of a problem that answers of writes have.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Details {
    #[serde(default)]
    pub(super) errors: Vec<FieldError>,
    /// The cloud's own words.
    cloud: Option<CloudWords>,
    /// Those that name what could not be deleted.
    #[serde(default)]
    users: Vec<Value>,
    /// What was made before it failed.
    #[serde(default)]
    made: Vec<Value>,
    /// What the present state allows.
    #[serde(default)]
    actions: Vec<String>,
    pub(super) operation: Option<Reference>,
}

/// An operation, as problems name it.
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) id: String,
}

impl Details {
    /// The lines, each fit for a terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.errors.iter().map(fault).collect();
        if let Some(words) = &self.cloud {
            let request = words.request_id.as_ref().map(|id| format!(" (its request {id})"));
            lines.push(format!("cloud: {}: {}{}", words.code, words.message, request.unwrap_or_default()));
        }
        lines.extend(self.users.iter().map(|user| format!("used by: {}", resource(user))));
        lines.extend(self.made.iter().map(|made| format!("made before: {}", resource(made))));
        if !self.actions.is_empty() {
            lines.push(format!("possible now: {}", self.actions.join(", ")));
        }
        lines.extend(self.operation.iter().map(|operation| format!("operation: {}", operation.id)));
        lines.iter().map(|line| printable(line)).collect()
    }
}

fn fault(fault: &FieldError) -> String {
    let place = if fault.pointer.is_empty() { "the command" } else { &fault.pointer };
    format!("{place}: {}", fault.detail)
}

/// Kind, id and name, as `gateway show` takes them.
fn resource(named: &Value) -> String {
    let words = ["kind", "id", "name"].iter().filter(|member| !named[**member].is_null());
    words.map(|member| value::text(&named[*member])).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_thing_has_its_line() {
        let details: Details = serde_json::from_value(json!({
            "title": "t",
            "errors": [{ "pointer": "/size_gib", "detail": "must be 1 at\nleast" },
                       { "pointer": "", "detail": "must name one" }],
            "cloud": { "code": "Busy", "message": "not now", "request_id": "r-1" },
            "users": [{ "kind": "volume_attachment", "id": "7", "name": null, "relation": "volume" }],
            "made": [{ "kind": "instance", "id": "8" }],
            "actions": ["stop", "reboot"],
            "operation": { "id": "9", "link": "/v1/operations/9" },
        }))
        .unwrap();
        assert_eq!(
            details.lines(),
            [
                "/size_gib: must be 1 at\\nleast",
                "the command: must name one",
                "cloud: Busy: not now (its request r-1)",
                "used by: volume_attachment 7",
                "made before: instance 8",
                "possible now: stop, reboot",
                "operation: 9",
            ]
        );
    }
}
