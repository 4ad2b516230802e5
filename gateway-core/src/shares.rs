//! Fair shares of limited pools, and circuit breakers for endpoints that do not answer.
//!
//! Work that waits for a cloud or a client holds a slot of a [`Pool`] meanwhile. A slot is taken under a path of share
//! keys, for example an endpoint and an account at it. No key holds more than half of what its parent key may hold, and
//! several keys leave slots to others. [`Breakers`] remember endpoints whose calls timed out; each of them gets one slot
//! at a time, so that many endpoints that hang leave most of a pool free.

mod breaker;
mod endpoint;
mod pool;
mod waiting;

pub use breaker::Breakers;
pub use endpoint::{CallKey, Endpoint};
pub use pool::{Held, Pool, Slot};
pub use waiting::Refused;
