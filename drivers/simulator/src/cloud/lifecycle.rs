//! The life cycle of records: transitions, cascades, interfaces, overrides and quotas.

pub(crate) mod cascade;
pub(crate) mod instance_command;
pub(crate) mod nics;
pub(crate) mod overrides;
pub(crate) mod quota;
pub(crate) mod transition;
