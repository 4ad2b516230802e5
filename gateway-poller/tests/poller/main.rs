//! The poller and the relay on a real store, with a cloud that does what the test says.

mod absence;
mod cloud;
mod failures;
mod grants;
mod listing;
mod relay;
mod sharing;
mod stage;
