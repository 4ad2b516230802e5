//! Addresses that replies may go to.

use gateway_core::id::PrincipalId;
use lapin::types::ShortString;

/// The prefix of direct reply-to queues, as the broker rewrites the address.
const DIRECT: &str = "amq.rabbitmq.reply-to.";

/// The prefix of queues of principals: `principal.ID.` and any text. The handler checks that the caller is that principal;
/// the bus does not know the caller.
const OWN: &str = "principal.";

/// The reply address of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReplyAddress {
    /// A queue, with the principal that owns it, if any.
    To(ShortString, Option<PrincipalId>),
    /// No address.
    Nowhere,
    /// A queue that replies must not go to.
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
    fn reply_addresses_other_than_callers_are_forbidden() {
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
