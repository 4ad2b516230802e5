//! Details of a refused write: a line for each, below the title.

use gateway_client::Problem;
use gateway_core::kind::FieldError;
use serde_json::Value;

use super::value;
use crate::cli::table::printable;

/// Returns the lines, each fit for a terminal.
pub(super) fn lines(problem: &Problem) -> Vec<String> {
    let mut lines: Vec<_> = problem.errors.iter().map(field_error).collect();
    if let Some(words) = &problem.cloud {
        let request = words.request_id.as_ref().map(|id| format!(" (its request {id})"));
        lines.push(format!("cloud: {}: {}{}", words.code, words.message, request.unwrap_or_default()));
    }
    lines.extend(problem.users.iter().map(|user| format!("used by: {}", resource(user))));
    lines.extend(problem.made.iter().map(|made| format!("made before: {}", resource(made))));
    if !problem.actions.is_empty() {
        lines.push(format!("possible now: {}", problem.actions.join(", ")));
    }
    lines.extend(problem.operation.iter().map(|operation| format!("operation: {}", operation.id)));
    lines.iter().map(|line| printable(line)).collect()
}

fn field_error(error: &FieldError) -> String {
    let place = if error.pointer.is_empty() { "the command" } else { &error.pointer };
    format!("{place}: {}", error.detail)
}

/// Returns kind, id and name, as `gateway show` takes them.
fn resource(named: &Value) -> String {
    let words = ["kind", "id", "name"].iter().filter(|member| !named[**member].is_null());
    words.map(|member| value::text(&named[*member])).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_detail_is_a_line() {
        let problem: Problem = serde_json::from_value(json!({
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
            lines(&problem),
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
