//! The metrics of listings, verifications and the relay.

use std::time::Duration;

use gateway_core::metric::{Counter, Description, Gauge, Histogram, LabelValue};

static LISTINGS: Counter<2> =
    Counter::new("gateway_poller_listings_total", ["cloud", "outcome"], "Listings that ended");
static LISTING: Histogram<1> = Histogram::of_durations(
    "gateway_poller_listing_seconds",
    ["cloud"],
    "Time from the claim of a target to the end of its listing",
);
static LAG: Histogram<1> = Histogram::of_lateness(
    "gateway_poller_lag_seconds",
    ["cloud"],
    "Time from the due time of a target to the start of its listing",
);
static VERIFICATIONS: Counter<1> =
    Counter::new("gateway_verifier_grants_total", ["outcome"], "Verifications of grants that ended");
static VERIFIER_LAG: Histogram<0> = Histogram::of_lateness(
    "gateway_verifier_lag_seconds",
    [],
    "Time from the due time of a verification to its start",
);
static LEADS: Gauge<0> = Gauge::new("gateway_relay_leads", [], "1 while this relay leads, else 0");
static NUMBERED: Counter<0> =
    Counter::new("gateway_relay_numbered_total", [], "Events that got their position in the log");
static PUBLISHED: Counter<0> =
    Counter::new("gateway_relay_published_total", [], "Events that the broker confirmed");
static BACKLOG: Gauge<0> = Gauge::new(
    "gateway_relay_backlog",
    [],
    "Events that wait to be published, as the leading relay saw them; at most 10000",
);
static RELAY_LAG: Histogram<0> = Histogram::of_lateness(
    "gateway_relay_lag_seconds",
    [],
    "Time from the oldest change of a batch to its publishing",
);

/// The metrics of this crate.
pub static METRICS: &[Description] = &[
    LISTINGS.description(),
    LISTING.description(),
    LAG.description(),
    VERIFICATIONS.description(),
    VERIFIER_LAG.description(),
    LEADS.description(),
    NUMBERED.description(),
    PUBLISHED.description(),
    BACKLOG.description(),
    RELAY_LAG.description(),
];

/// Records the start of a listing, so long after its target was due.
pub(crate) fn listing_began(cloud: LabelValue, late: Duration) {
    LAG.record(late, [cloud]);
}

/// Records the end of a listing.
pub(crate) fn listing_ended(cloud: LabelValue, outcome: &'static str, time: Duration) {
    LISTINGS.increment([cloud.clone(), outcome.into()]);
    LISTING.record(time, [cloud]);
}

/// Records the start of a verification, so long after it was due.
pub(crate) fn verification_began(late: Duration) {
    VERIFIER_LAG.record(late, []);
}

/// Records the end of a verification.
pub(crate) fn verification_ended(outcome: &'static str) {
    VERIFICATIONS.increment([outcome.into()]);
}

/// Records whether this relay leads.
pub(crate) fn relay_leads(leads: bool) {
    LEADS.set(if leads { 1.0 } else { 0.0 }, []);
}

/// Records that events got their positions.
pub(crate) fn events_numbered(count: usize) {
    NUMBERED.add(count as u64, []);
}

/// Records that the events of a batch were confirmed, and the age of the oldest.
pub(crate) fn events_published(count: usize, age: Duration) {
    PUBLISHED.add(count as u64, []);
    RELAY_LAG.record(age, []);
}

/// Records the number of events that wait to be published.
pub(crate) fn events_wait(count: usize) {
    BACKLOG.set(count as f64, []);
}
