//! The state of the router.

pub(crate) use crate::app::App as Api;
