//! `gateway events`.

use std::time::Duration;

use clap::Args;
use gateway_core::Kind;
use gateway_core::error::{Error, Result, Status};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::api::Gateway;
use super::pages::Page;
use super::{Form, kinds, value};
use crate::cli::table::printable;
use crate::cli::{output, signals};

/// Events of one request.
const STRETCH: &str = "500";

/// Between two questions while something happens, and while nothing does. The log is read by position: nothing is
/// missed in between, whatever the pause.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// Longest pause while the gateway is away.
const AWAY: Duration = Duration::from_secs(15);

#[derive(Debug, Args)]
pub(in crate::cli) struct Events {
    /// Events after this position, which a list or an earlier run told [default: that of now].
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Go on with what happens from now on, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Only of resources of this kind. Changes of your accounts are told with every kind: what you see has changed.
    #[arg(long, value_parser = kinds::parse)]
    kind: Option<Kind>,
    /// A line of columns, or of JSON (CloudEvents), for each event.
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
    #[command(flatten)]
    access: Access,
}

/// What is written, and of which events.
struct Printer {
    kind: Option<Kind>,
    form: Form,
    has_header: bool,
}

/// A stretch of the log.
#[derive(Deserialize)]
struct Stretch {
    items: Vec<Box<RawValue>>,
    position: i64,
    more: bool,
}

impl Events {
    pub(super) async fn run(self) -> Result<()> {
        let gateway = self.access.gateway()?;
        let position = match self.after {
            Some(position) => position,
            None => now(&gateway, self.kind).await?,
        };
        let printer = Printer { kind: self.kind, form: self.output, has_header: false };
        let mut reader = Reader { gateway, position, printer, open: true };
        match self.follow {
            true => reader.follow(&signals::stop_token()?).await?,
            false => while reader.stretch().await? == Progress::More {},
        }
        output::note(&format!("at position {}: go on with --after {}", reader.position, reader.position));
        Ok(())
    }
}

/// The position of now, as any list tells it.
async fn now(gateway: &Gateway, kind: Option<Kind>) -> Result<i64> {
    let kind = kind
        .or_else(|| Kind::ALL.iter().copied().next())
        .ok_or_else(|| Error::internal("there are no kinds"))?;
    let answer = gateway.get(kind.spec().plural, &[("limit", "1"), ("fields", "id")]).await?;
    Ok(answer.read::<Page>()?.position)
}

struct Reader {
    gateway: Gateway,
    position: i64,
    printer: Printer,
    /// Somebody reads what is written.
    open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// There is more right behind.
    More,
    /// Something came, and that was all.
    Some,
    /// There was nothing new.
    Nothing,
}

impl Reader {
    /// Reads and prints what comes next.
    async fn stretch(&mut self) -> Result<Progress> {
        let after = self.position.to_string();
        let query = [("after", after.as_str()), ("limit", STRETCH)];
        let stretch: Stretch = self.gateway.get("events", &query).await?.read()?;
        let text = self.printer.text(&stretch.items)?;
        self.open = output::data(&text)?;
        self.position = stretch.position;
        Ok(match (stretch.more && self.open, stretch.items.is_empty()) {
            (true, _) => Progress::More,
            (false, false) => Progress::Some,
            (false, true) => Progress::Nothing,
        })
    }

    /// Goes on until it is told to stop or nobody reads any more. A gateway that is away is waited for.
    async fn follow(&mut self, stop: &CancellationToken) -> Result<()> {
        output::note(&format!("following from position {}; Ctrl-C ends it", self.position));
        let (mut quiet, mut away) = (SHORTEST, None);
        while self.open {
            let pause = match stop.run_until_cancelled(self.stretch()).await {
                None => return Ok(()),
                Some(Ok(progress)) => {
                    if away.take().is_some() {
                        output::note("the gateway is back");
                    }
                    (quiet, away) = (next_pause(progress, quiet), None);
                    if progress == Progress::More { Duration::ZERO } else { quiet }
                }
                Some(Err(error)) if error.status() == Status::Temporary => {
                    if away.is_none() {
                        output::note(&format!("{}; trying again until it is back", error.chain()));
                    }
                    let pause = away.map_or(SHORTEST, |last: Duration| (last * 2).min(AWAY));
                    away = Some(pause);
                    error.retry_after().map_or(pause, |wanted| wanted.clamp(pause, AWAY.max(pause)))
                }
                Some(Err(error)) => return Err(error),
            };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Movement comes in bursts: soon again after an event, then less and less often.
fn next_pause(progress: Progress, last: Duration) -> Duration {
    match progress {
        Progress::More | Progress::Some => SHORTEST,
        Progress::Nothing => (last * 3 / 2).min(LONGEST),
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

const HEADER: [&str; 8] = ["TIME", "POSITION", "CHANGE", "KIND", "STATE", "PLACE", "ID", "NAME"];

/// Widths of all but the last: what comes later is not known yet, and what is longer moves the rest of its line.
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
    let place = match data["region"].as_str() {
        Some(_) => format!("{}/{}", value::text(&data["cloud"]), value::text(&data["region"])),
        None => value::text(&data["cloud"]),
    };
    [
        value::moment(event["time"].as_str().unwrap_or(value::NOTHING)),
        value::text(&data["position"]),
        printable(&change),
        value::text(&data["kind"]),
        state,
        place,
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
    fn an_event_is_a_line_under_one_header() {
        let mut printer = printer(None, Form::Table);
        let text = printer.text(&[event("instance")]).unwrap() + &printer.text(&[event("volume")]).unwrap();
        let words: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], HEADER);
        assert_eq!(words[1][1..7], ["7", "state_changed", "instance", "running", ">", "stopping"]);
        assert_eq!(words[2][7..], ["lab/north", "id-1", "web"]);
        assert_eq!(words.len(), 3);
    }

    #[test]
    fn a_kind_leaves_others_out_and_grants_in() {
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
    fn pauses_grow_while_nothing_happens() {
        let mut pause = next_pause(Progress::Some, LONGEST);
        assert_eq!(pause, SHORTEST);
        for _ in 0..20 {
            let next = next_pause(Progress::Nothing, pause);
            assert!(next >= pause && next <= LONGEST);
            pause = next;
        }
        assert_eq!(pause, LONGEST);
    }
}
