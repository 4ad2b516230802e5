//! `gateway operation`: shows one operation, or waits for its outcome.

use std::time::Duration;

use clap::Args;
use gateway_client::{Refusal, StatusCode};
use gateway_core::Backoff;
use gateway_core::error::{Error, ErrorKind, Result, Status};
use gateway_core::id::OperationId;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::access::Access;
use super::{Form, Shape, links, problem, sending, value};
use crate::cli::output;
use crate::cli::table::{Cell, Table, printable};

/// First and longest wait between two requests. A longer bound notices the outcome later, and costs fewer requests.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(in crate::cli) struct Operation {
    /// Id of the operation.
    id: OperationId,
    /// Wait for the outcome; the exit status is 1 unless the operation succeeds.
    #[arg(long)]
    wait: bool,
    /// Stop waiting after this time: a number and `s`, `m` or `h`.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = sending::time)]
    timeout: Duration,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    access: Access,
}

impl Operation {
    pub(super) async fn run(self) -> Result<()> {
        let form = self.shape.form();
        let client = self.access.client()?;
        let path = format!("operations/{}", self.id);
        let end = Instant::now() + self.timeout;
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        let (answer, operation) = loop {
            let wait = backoff.next_wait();
            let may_wait = self.wait && Instant::now() + wait < end;
            match client.get(&path, &[]).await.map_err(problem::error) {
                Ok(answer) => {
                    let operation: Map<String, Value> = answer.read()?;
                    if is_over(&operation) || !may_wait {
                        break (answer, operation);
                    }
                }
                // The operation continues while the front is away.
                Err(error) if may_wait && error.status() == Status::Temporary => {}
                Err(error) => return Err(error),
            }
            sleep(wait).await;
        };
        match form {
            Form::Json => output::data(&format!("{}\n", answer.body))?,
            Form::Table => output::data(&format!("{}\n", view(&operation)))?,
        };
        let failure = failure(&operation);
        match (self.wait, form) {
            (false, Form::Json) => Ok(()),
            (false, Form::Table) => {
                failure.iter().for_each(|error| output::note(error.message()));
                Ok(())
            }
            (true, _) => match (failure, is_over(&operation)) {
                (Some(error), _) => Err(error),
                (None, true) => Ok(()),
                (None, false) => Err(Error::new(ErrorKind::Timeout, "the operation has not ended yet")),
            },
        }
    }
}

fn is_over(operation: &Map<String, Value>) -> bool {
    operation.get("over") == Some(&Value::Bool(true))
}

/// Returns the problem that the operation ended with.
fn failure(operation: &Map<String, Value>) -> Option<Error> {
    let problem = operation.get("problem").filter(|problem| !problem.is_null())?;
    let status =
        operation.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let problem = serde_json::from_value(problem.clone()).ok();
    Some(problem::refused(&Refusal { status, retry_after: None, problem }, &[]))
}

/// Returns names and values. The resources are shown as commands, and the problem is shown as an error.
fn view(operation: &Map<String, Value>) -> String {
    let mut table = Table::of_members();
    for (name, found) in
        operation.iter().filter(|(name, _)| !["problem", "link", "over"].contains(&name.as_str()))
    {
        let text = match (name.as_str(), found) {
            ("resources", Value::Array(resources)) if !resources.is_empty() => {
                let commands = resources
                    .iter()
                    .map(|resource| links::command(resource["link"].as_str().unwrap_or_default()));
                commands.map(|command| printable(&command)).collect::<Vec<_>>().join("\n")
            }
            (_, Value::String(text)) if name.ends_with("_at") => value::moment(text),
            (_, found) => value::lines(found),
        };
        table.row([Cell::from(printable(name)), Cell::from(text)]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn problem_of_a_failed_operation_is_an_error() {
        let document = json!({
            "id": "1", "state": "failed", "over": true, "status": 403, "link": "/v1/operations/1",
            "resources": [{ "kind": "volume", "id": "7", "link": "/v1/volumes/7" }],
            "accepted_at": "2026-01-02T03:04:05.678901Z",
            "problem": { "title": "The cloud does not allow this", "detail": "no",
                         "cloud": { "code": "Forbidden", "message": "no", "request_id": null } },
        });
        let operation = document.as_object().unwrap();
        let text = view(operation);
        assert!(text.contains("gateway show volume 7") && text.contains("2026-01-02T03:04:05Z"), "{text}");
        assert!(!text.contains("problem"), "{text}");
        let error = failure(operation).unwrap();
        assert_eq!(error.message(), "The cloud does not allow this: no\n  cloud: Forbidden: no");
        assert!(failure(json!({ "problem": null }).as_object().unwrap()).is_none());
    }
}
