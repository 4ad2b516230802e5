//! Documents: resources as drivers observe them, as the store keeps them, and as answers and events show them.

pub mod event;
pub mod links;
pub mod observation;
pub mod rendering;
pub mod terms;
