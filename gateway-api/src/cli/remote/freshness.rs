//! Age of a listing and its parts that are not fresh. They go to standard error, so that a pipe gets only data.

use std::collections::BTreeSet;
use std::time::Duration;

use gateway_client::{Scope, ScopeSummary};

use crate::cli::output;
use crate::cli::table::printable;

/// States that are named. A higher number hides the records in a terminal; a lower one sends users to `/v1/status`.
const MOST_LINES: usize = 10;

/// Freshness of a listing.
#[derive(Debug, Default)]
pub(super) struct Freshness {
    oldest: Option<Duration>,
    /// The position of the first page. A follower from there misses no change of any page.
    position: Option<i64>,
    /// Whether a page had parts that were never listed.
    has_unknown_age: bool,
    /// The first scopes, and in the end all of which there is something to say.
    pub(super) scopes: Vec<Scope>,
    pub(super) summary: ScopeSummary,
}

impl Freshness {
    /// Adds a page. The scopes of the last page count.
    pub(super) fn add(
        &mut self,
        age: Option<Duration>,
        position: i64,
        scopes: Vec<Scope>,
        summary: ScopeSummary,
    ) {
        self.position.get_or_insert(position);
        self.has_unknown_age |= age.is_none();
        self.oldest = self.oldest.max(age);
        (self.scopes, self.summary) = (scopes, summary);
    }

    /// Prints the freshness of records of a kind.
    pub(super) fn print(&self, plural: &str) {
        self.lines(plural).iter().for_each(|line| output::note(line));
    }

    fn lines(&self, plural: &str) -> Vec<String> {
        let mut lines = vec![match (self.summary.total, self.oldest) {
            (0, _) => format!("none of your accounts can list {plural} here"),
            (_, Some(oldest)) if !self.has_unknown_age => format!("as of {} ago", span(oldest)),
            _ => "some parts have not been listed yet".to_owned(),
        }];
        if let Some(position) = self.position {
            lines[0].push_str(&format!("; position {position}"));
        }
        // Accounts that share a state and its reason share a line. A scope appears twice if its target and the caller's own
        // credential both have a reason.
        let mut groups: Vec<(&Scope, BTreeSet<&str>)> = Vec::new();
        for scope in self.scopes.iter().filter(|scope| scope.is_notable()) {
            let of = |scope: &Scope| {
                (scope.status.clone(), scope.cloud.clone(), scope.region.clone(), scope.reason.clone())
            };
            match groups.iter_mut().find(|(first, _)| of(first) == of(scope)) {
                Some((_, accounts)) => _ = accounts.insert(&scope.account),
                None => groups.push((scope, BTreeSet::from([scope.account.as_str()]))),
            }
        }
        for (Scope { cloud, region, account, status, reason, .. }, accounts) in groups.iter().take(MOST_LINES)
        {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let accounts = match accounts.len() {
                1 => account.clone(),
                count => format!("{count} accounts"),
            };
            lines.push(printable(&format!("{status}: {cloud} {region} {accounts}{reason}")));
        }
        if groups.len() > MOST_LINES {
            lines.push(format!("and {} more states; GET /v1/status lists all", groups.len() - MOST_LINES));
        }
        lines
    }
}

/// Returns a length of time in its largest unit.
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

    fn of(total: usize) -> ScopeSummary {
        ScopeSummary { total, link: "/v1/status".to_owned() }
    }

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
    fn age_is_that_of_the_oldest_page_and_parts_that_are_not_fresh_are_named() {
        let mut fresh = Freshness::default();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        fresh.add(seconds(7), 5, vec![scope("fresh", None)], of(1));
        fresh.add(seconds(3), 5, vec![scope("fresh", None), scope("failed", Some("down\u{1b}"))], of(2));
        assert_eq!(
            fresh.lines("volumes"),
            ["as of 7 s ago; position 5", "failed: lab north global: down\\u{1b}"]
        );
    }

    #[test]
    fn accounts_with_the_same_reason_share_a_line_and_lines_are_few() {
        let mut fresh = Freshness::default();
        let of_account = |number: usize, reason: &str| Scope {
            account: format!("account-{number}"),
            ..scope("failed", Some(reason))
        };
        let same = (0..150).map(|number| of_account(number, "the clock is off"));
        let others = (0..20).map(|number| of_account(number, &format!("error {number}")));
        fresh.add(None, 5, same.chain(others).collect(), of(170));
        let lines = fresh.lines("volumes");
        assert_eq!(lines.len(), 12);
        assert_eq!(lines[1], "failed: lab north 150 accounts: the clock is off");
        assert_eq!(lines[2], "failed: lab north account-0: error 0");
        assert_eq!(lines[11], "and 11 more states; GET /v1/status lists all");
    }

    #[test]
    fn part_that_was_never_listed_has_no_age() {
        let mut fresh = Freshness::default();
        fresh.add(None, 5, vec![scope("stale", Some("not listed yet"))], of(1));
        assert_eq!(
            fresh.lines("volumes"),
            ["some parts have not been listed yet; position 5", "stale: lab north global: not listed yet"]
        );
        let mut none = Freshness::default();
        none.add(Some(Duration::ZERO), 5, Vec::new(), of(0));
        assert_eq!(none.lines("volumes"), ["none of your accounts can list volumes here; position 5"]);
    }

    #[test]
    fn span_is_in_its_largest_unit() {
        let spans = [0, 119, 120, 7_200, 172_800].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["0 s", "119 s", "2 min", "2 h", "2 days"]);
    }
}
