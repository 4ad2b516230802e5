//! `gateway events`: prints changes, or follows them.

use std::time::Duration;

use clap::Args;
use gateway_client::{Client, Page};
use gateway_core::error::{Error, Result, Status};
use gateway_core::{Backoff, Kind};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::{Form, kinds, problem, value};
use crate::cli::table::printable;
use crate::cli::{output, signals};

/// Events on one page.
const LIMIT: &str = "500";

/// Shortest and longest wait between two requests while there is nothing new. The log is read by position, so no wait
/// misses an event. A longer bound shows events later, and costs fewer requests.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Longest wait between two attempts while the gateway is not available.
const LONGEST_RETRY: Duration = Duration::from_secs(15);

#[derive(Debug, Args)]
pub(in crate::cli) struct Events {
    /// Print events after this position, which a list or an earlier run prints [default: the present one].
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Follow new events until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Print only events of this kind, and changes of your accounts, which change what you see.
    #[arg(long, value_parser = kinds::parse)]
    kind: Option<Kind>,
    /// Print a line of columns, or of JSON (CloudEvents), for each event.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    #[command(flatten)]
    access: Access,
}

/// Form and filter of the output.
struct Printer {
    kind: Option<Kind>,
    form: Form,
    has_header: bool,
}

/// A page of the log.
#[derive(Deserialize)]
struct EventPage {
    items: Vec<Box<RawValue>>,
    position: i64,
    more: bool,
}

impl Events {
    pub(super) async fn run(self) -> Result<()> {
        let client = self.access.client()?;
        let position = match self.after {
            Some(position) => position,
            None => present(&client, self.kind).await?,
        };
        let printer = Printer { kind: self.kind, form: self.output, has_header: false };
        let mut reader = Reader { client, position, printer, is_open: true };
        match self.follow {
            true => reader.follow(&signals::stop_token()?).await?,
            false => while reader.page().await? == Progress::More {},
        }
        output::note(&format!("at position {}; continue with --after {}", reader.position, reader.position));
        Ok(())
    }
}

/// Returns the present position, which every list has.
async fn present(client: &Client, kind: Option<Kind>) -> Result<i64> {
    let kind = kind
        .or_else(|| Kind::ALL.iter().copied().next())
        .ok_or_else(|| Error::internal("there are no kinds"))?;
    let page = client.read::<Page>(kind.spec().plural, &[("limit", "1"), ("fields", "id")]).await;
    Ok(page.map_err(problem::error)?.position)
}

struct Reader {
    client: Client,
    position: i64,
    printer: Printer,
    /// Whether the pipe is open.
    is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// There are more events now.
    More,
    /// There were events, and no more now.
    Some,
    /// There was no event.
    Nothing,
}

impl Reader {
    /// Reads and prints the next page.
    async fn page(&mut self) -> Result<Progress> {
        let after = self.position.to_string();
        let query = [("after", after.as_str()), ("limit", LIMIT)];
        let page: EventPage = self.client.read("events", &query).await.map_err(problem::error)?;
        let text = self.printer.text(&page.items)?;
        self.is_open = output::data(&text)?;
        self.position = page.position;
        Ok(match (page.more && self.is_open, page.items.is_empty()) {
            (true, _) => Progress::More,
            (false, false) => Progress::Some,
            (false, true) => Progress::Nothing,
        })
    }

    /// Follows the events until `stop` or a closed pipe. Waits for a gateway that is not available.
    async fn follow(&mut self, stop: &CancellationToken) -> Result<()> {
        output::note(&format!("following from position {}; stop with Ctrl-C", self.position));
        let mut quiet = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
        let mut away = Backoff::new(SHORTEST_WAIT, LONGEST_RETRY);
        while self.is_open {
            let wait = match stop.run_until_cancelled(self.page()).await {
                None => return Ok(()),
                Some(Ok(progress)) => {
                    if away.reset() > 0 {
                        output::note("the gateway is back");
                    }
                    wait_after(progress, &mut quiet)
                }
                Some(Err(error)) if error.status() == Status::Temporary => {
                    if away.failures() == 0 {
                        output::note(&format!("{}; trying again until it is back", error.chain()));
                    }
                    let own = away.next_wait();
                    error.retry_after().map_or(own, |wanted| wanted.clamp(own, LONGEST_RETRY))
                }
                Some(Err(error)) => return Err(error),
            };
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Returns the wait before the next request. Changes come in bursts, so it is short after an event and grows from there.
fn wait_after(progress: Progress, quiet: &mut Backoff) -> Duration {
    match progress {
        Progress::More => Duration::ZERO,
        Progress::Some => {
            quiet.reset();
            SHORTEST_WAIT
        }
        Progress::Nothing => quiet.next_wait(),
    }
}

impl Printer {
    fn text(&mut self, events: &[Box<RawValue>]) -> Result<String> {
        let mut text = String::new();
        for event in events {
            let document: Value = serde_json::from_str(event.get()).map_err(Error::internal)?;
            if !self.takes(&document) {
                continue;
            }
            match self.form {
                Form::Json => text.push_str(event.get()),
                Form::Table => {
                    if !self.has_header {
                        text.push_str(&line(HEADER.map(str::to_owned)));
                        text.push('\n');
                    }
                    self.has_header = true;
                    text.push_str(&line(cells(&document)));
                }
            }
            text.push('\n');
        }
        Ok(text)
    }

    fn takes(&self, event: &Value) -> bool {
        let kind = event["data"]["kind"].as_str();
        self.kind.is_none_or(|wanted| kind.is_none_or(|kind| kind == wanted.as_str()))
    }
}

const HEADER: [&str; 8] = ["TIME", "POSITION", "CHANGE", "KIND", "STATE", "SCOPE", "ID", "NAME"];

/// Widths of all columns but the last. They are fixed, because later events are not known yet.
const WIDTHS: [usize; 7] = [20, 9, 13, 17, 22, 16, 36];

fn line(cells: [String; 8]) -> String {
    let widths = WIDTHS.iter().copied().chain(std::iter::once(0));
    let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

fn cells(event: &Value) -> [String; 8] {
    let data = &event["data"];
    let named = event["type"].as_str().unwrap_or_default();
    let change = match named.strip_prefix("gateway.resource.") {
        Some(change) => change.to_owned(),
        None => format!("account {}", value::text(&data["change"])),
    };
    let state = match (&data["old_state"], &data["new_state"]) {
        (old, new) if old == new => value::text(new),
        (Value::Null, new) => value::text(new),
        (old, Value::Null) => value::text(old),
        (old, new) => format!("{} > {}", value::text(old), value::text(new)),
    };
    let scope = match data["region"].as_str() {
        Some(_) => format!("{}/{}", value::text(&data["cloud"]), value::text(&data["region"])),
        None => value::text(&data["cloud"]),
    };
    [
        value::moment(event["time"].as_str().unwrap_or(value::NOTHING)),
        value::text(&data["position"]),
        printable(&change),
        value::text(&data["kind"]),
        state,
        scope,
        value::text(&event["subject"]),
        value::text(&data["resource"]["name"]),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str) -> Box<RawValue> {
        let document = json!({
            "type": "gateway.resource.state_changed", "time": "2026-01-01T00:00:00.000000Z", "subject": "id-1",
            "data": {
                "position": 7, "kind": kind, "cloud": "lab", "region": "north",
                "old_state": "running", "new_state": "stopping", "resource": { "name": "web" },
            },
        });
        RawValue::from_string(document.to_string()).unwrap()
    }

    fn printer(kind: Option<&str>, form: Form) -> Printer {
        Printer { kind: kind.and_then(Kind::parse), form, has_header: false }
    }

    #[test]
    fn event_is_a_line_under_one_header() {
        let mut printer = printer(None, Form::Table);
        let text = printer.text(&[event("instance")]).unwrap() + &printer.text(&[event("volume")]).unwrap();
        let words: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], HEADER);
        assert_eq!(words[1][1..7], ["7", "state_changed", "instance", "running", ">", "stopping"]);
        assert_eq!(words[2][7..], ["lab/north", "id-1", "web"]);
        assert_eq!(words.len(), 3);
    }

    #[test]
    fn filter_by_kind_keeps_changes_of_grants() {
        let grant = json!({
            "type": "gateway.grant.changed", "time": "t", "subject": "account-1",
            "data": { "position": 8, "cloud": "lab", "account": "account-1", "change": "ended" },
        });
        let grant = RawValue::from_string(grant.to_string()).unwrap();
        let events = [event("volume"), event("instance"), grant];
        let text = printer(Some("instance"), Form::Json).text(&events).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), [events[1].get(), events[2].get()]);
        let text = printer(Some("quota"), Form::Table).text(&events).unwrap();
        assert!(text.contains("account ended") && text.contains("account-1"), "{text}");
    }

    #[test]
    fn wait_grows_while_there_is_no_event() {
        let mut quiet = Backoff::new(SHORTEST_WAIT, LONGEST_WAIT);
        let mut longest = Duration::ZERO;
        for failures in 1..=20 {
            let wait = wait_after(Progress::Nothing, &mut quiet);
            let bound = quiet.longest_after(failures);
            assert!(bound >= longest && wait <= bound && wait >= bound / 2, "{wait:?} of {bound:?}");
            longest = bound;
        }
        assert_eq!(longest, LONGEST_WAIT);
        assert_eq!(wait_after(Progress::Some, &mut quiet), SHORTEST_WAIT);
        assert_eq!(quiet.failures(), 0);
    }
}
