//! Where replies may go.

use gateway_core::id::PrincipalId;
use lapin::types::ShortString;

/// Queues of direct reply-to, as the broker rewrites the address.
const DIRECT: &str = "amq.rabbitmq.reply-to.";

/// Queues that belong to principals: `principal.ID.` and anything. Whether the caller is that principal is for
/// the handler to check: the bus does not know who calls.
const OWN: &str = "principal.";

/// What a request says about where its reply goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReplyAddress {
    /// There; the principal is the queue's owner, where it has one.
    To(ShortString, Option<PrincipalId>),
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
            Some(name) if name.as_str().starts_with(DIRECT) => Self::To(name.clone(), None),
            Some(name) => match owner(name.as_str()) {
                Some(owner) => Self::To(name.clone(), Some(owner)),
                None => Self::Forbidden,
            },
        }
    }
}

fn owner(queue: &str) -> Option<PrincipalId> {
    let (owner, _) = queue.strip_prefix(OWN)?.split_once('.')?;
    owner.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_go_to_callers_and_nowhere_else() {
        let read = |name: &str| ReplyAddress::read(Some(&name.into()));
        let direct = "amq.rabbitmq.reply-to.g1.abc";
        assert_eq!(read(direct), ReplyAddress::To(direct.into(), None));
        let id = PrincipalId::generate();
        let own = format!("principal.{id}.answers");
        assert_eq!(read(&own), ReplyAddress::To(own.as_str().into(), Some(id)));
        for forbidden in
            ["gateway.requests.write", "principal.1234.answers", "amq.gen-1", "amq.rabbitmq.reply-to"]
        {
            assert_eq!(read(forbidden), ReplyAddress::Forbidden, "{forbidden}");
        }
        assert_eq!(ReplyAddress::read(None), ReplyAddress::Nowhere);
    }
}
