//! Access: the caller of a request.

mod caller;

pub(crate) use caller::{Caller, authenticate};
