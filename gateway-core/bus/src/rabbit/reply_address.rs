//! Where replies may go.

use lapin::types::ShortString;

/// Queues of direct reply-to, as the broker rewrites the address.
const DIRECT: &str = "amq.rabbitmq.reply-to.";

/// Queues that belong to principals. Whether the prefix is the caller's own is for the handler to check: the
/// bus does not know who calls.
const OWN: &str = "principal.";

/// What a request says about where its reply goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReplyAddress {
    /// There.
    To(ShortString),
    /// Nobody wants one.
    Nowhere,
    /// To a queue that replies may not go to.
    Forbidden,
}

impl ReplyAddress {
    pub(super) fn read(reply_to: Option<&ShortString>) -> Self {
        match reply_to {
            None => Self::Nowhere,
            Some(name) if name.as_str().is_empty() => Self::Nowhere,
            Some(name) if [DIRECT, OWN].iter().any(|prefix| name.as_str().starts_with(prefix)) => {
                Self::To(name.clone())
            }
            Some(_) => Self::Forbidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_go_to_callers_and_nowhere_else() {
        let read = |name: &str| ReplyAddress::read(Some(&name.into()));
        for allowed in ["amq.rabbitmq.reply-to.g1.abc", "principal.1234.answers"] {
            assert_eq!(read(allowed), ReplyAddress::To(allowed.into()));
        }
        for forbidden in ["gateway.requests.write", "principal", "amq.gen-1", "amq.rabbitmq.reply-to"] {
            assert_eq!(read(forbidden), ReplyAddress::Forbidden, "{forbidden}");
        }
        assert_eq!(ReplyAddress::read(None), ReplyAddress::Nowhere);
    }
}
