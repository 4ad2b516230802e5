//! Events: the outbox that writers fill, the relay that numbers and publishes it, the log that readers follow.

mod candidate;
mod leadership;
mod numbering;
mod outbox;
mod page;
mod purge;
mod relay;
mod stored;

pub use leadership::Leadership;
pub use numbering::Numbered;
pub use page::EventPage;
pub use stored::StoredEvent;

pub(crate) use outbox::NewEvent;
