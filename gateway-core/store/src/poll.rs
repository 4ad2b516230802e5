//! Polling: claims on due targets, refresh requests, missing records, clocks of clouds.

mod capacity;
mod claim;
mod clock;
mod election;
mod missing;
mod refresh_request;
mod sharing;

pub use capacity::{Capacity, ShareKey, Unlimited};
pub use claim::Claim;
pub use clock::CloudClock;
pub use refresh_request::RefreshProgress;
