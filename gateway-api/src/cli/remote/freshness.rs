//! How old an answer is, and which parts of it are not to be relied on: told on standard error, so that a pipe gets
//! the data alone.

use std::time::Duration;

use serde::Deserialize;

use crate::cli::output;
use crate::cli::table::printable;

/// One part of a listing, as the API tells it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Scope {
    cloud: String,
    region: String,
    account: String,
    status: String,
    reason: Option<String>,
}

/// What there is to say of a listing of some pages.
#[derive(Debug, Default)]
pub(super) struct Freshness {
    oldest: Option<Duration>,
    /// The first page's: who follows the events from there misses nothing of any page.
    position: Option<i64>,
    /// A page had parts of no age: never listed yet.
    unknown: bool,
    scopes: Vec<Scope>,
}

impl Freshness {
    /// Adds what a page says; the scopes of the last one are the present.
    pub(super) fn add(&mut self, age: Option<Duration>, position: i64, scopes: Vec<Scope>) {
        self.position.get_or_insert(position);
        self.unknown |= age.is_none();
        self.oldest = self.oldest.max(age);
        self.scopes = scopes;
    }

    /// Prints it; `what` names the records.
    pub(super) fn tell(&self, what: &str) {
        self.lines(what).iter().for_each(|line| output::note(line));
    }

    fn lines(&self, what: &str) -> Vec<String> {
        let mut lines = vec![match (self.scopes.as_slice(), self.oldest) {
            ([], _) => format!("none of your accounts can list {what} here"),
            (_, Some(oldest)) if !self.unknown => format!("as of {} ago", span(oldest)),
            _ => "some of it was never listed yet".to_owned(),
        }];
        if let Some(position) = self.position {
            lines[0].push_str(&format!("; position {position}"));
        }
        for scope in &self.scopes {
            if scope.status == "fresh" && scope.reason.is_none() {
                continue;
            }
            let reason = scope.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let Scope { cloud, region, account, status, .. } = scope;
            let line = printable(&format!("{status}: {cloud} {region} {account}{reason}"));
            // One scope may be named for its target and for the caller's own credential.
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }
}

/// A length of time in its largest unit.
pub(super) fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(status: &str, reason: Option<&str>) -> Scope {
        Scope {
            cloud: "lab".to_owned(),
            region: "north".to_owned(),
            account: "global".to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn the_oldest_page_counts_and_what_is_not_fresh_is_named() {
        let mut fresh = Freshness::default();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        fresh.add(seconds(7), 5, vec![scope("fresh", None)]);
        fresh.add(seconds(3), 5, vec![scope("fresh", None), scope("failed", Some("down\u{1b}"))]);
        assert_eq!(
            fresh.lines("volumes"),
            ["as of 7 s ago; position 5", "failed: lab north global: down\\u{1b}"]
        );
    }

    #[test]
    fn parts_that_were_never_listed_are_not_told_as_fresh() {
        let mut fresh = Freshness::default();
        fresh.add(None, 5, vec![scope("stale", Some("not listed yet"))]);
        assert_eq!(
            fresh.lines("volumes"),
            ["some of it was never listed yet; position 5", "stale: lab north global: not listed yet"]
        );
        let mut none = Freshness::default();
        none.add(Some(Duration::ZERO), 5, Vec::new());
        assert_eq!(none.lines("volumes"), ["none of your accounts can list volumes here; position 5"]);
    }

    #[test]
    fn spans_are_short() {
        let spans = [0, 119, 120, 7_200, 172_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["0 s", "119 s", "2 min", "2 h", "2 days"]);
    }
}
