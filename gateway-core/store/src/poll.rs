//! Polling: claims on due targets, refresh requests, missing records, clocks of clouds.

mod claim;
mod clock;
mod due;
mod election;
mod missing;
mod refresh_request;
mod sharing;

pub use claim::Claim;
pub use clock::CloudClock;
pub use refresh_request::RefreshProgress;
