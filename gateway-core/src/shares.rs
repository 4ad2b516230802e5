//! Fair shares of limited pools, and circuit breakers for endpoints that do not answer.
//!
//! Work that waits for a cloud or a client holds a slot of a [`Pool`] meanwhile. A slot is taken under a path of share
//! keys, for example an endpoint and an account at it. No key holds more than half of what its parent key may hold, and
//! several keys leave slots to others. [`Breakers`] remember the keys whose calls time out; each of them gets one slot at a time,
//! and all of them together a quarter of a pool. [`CallSlots`] puts both together for work that a process finds by itself.

mod breaker;
mod call;
mod calls;
mod capacity;
mod held;
mod instruments;
mod pool;
mod probation;
mod silence;
mod waiting;

pub use breaker::Breakers;
pub use call::{CallKey, Endpoint};
pub use calls::{CallSlot, CallSlots};
pub use capacity::{CallCapacity, FullHolders};
pub use held::Held;
pub use instruments::METRICS;
pub use pool::{Pool, Slot};
pub use probation::Probation;
pub use waiting::Refused;
