//! The position of a listing between two pages.

use gateway_core::driver::PageToken;
use gateway_core::{Error, Result};

use crate::list_call::ListCall;

/// A position in a listing: one of its calls, and a page of that call.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) call: &'static ListCall,
    /// The cloud's own token; `None` for the first page of the call.
    pub(crate) token: Option<String>,
}

impl Position {
    /// Returns the first page of a call.
    pub(crate) fn start_of(call: &'static ListCall) -> Self {
        Self { call, token: None }
    }

    /// Reads a page token of a listing with these calls.
    ///
    /// # Errors
    /// Invalid, when the token is of another listing.
    pub(crate) fn read(page: &PageToken, calls: &[&'static ListCall]) -> Result<Self> {
        let position = page.0.split_once(':').and_then(|(name, token)| {
            let call = *calls.iter().find(|call| call.name == name)?;
            Some(Self { call, token: (!token.is_empty()).then(|| token.to_owned()) })
        });
        position.ok_or_else(|| Error::invalid("the page token is not one of this listing"))
    }

    /// Returns the page token of this position.
    pub(crate) fn to_token(&self) -> PageToken {
        PageToken(format!("{}:{}", self.call.name, self.token.as_deref().unwrap_or_default()))
    }

    /// Returns the position after this page: the next page of the call, the next call, or none.
    pub(crate) fn after(&self, next_token: Option<&str>, calls: &[&'static ListCall]) -> Option<Self> {
        if let Some(token) = next_token {
            return Some(Self { call: self.call, token: Some(token.to_owned()) });
        }
        let mut rest = calls.iter().skip_while(|call| call.name != self.call.name).skip(1);
        rest.next().map(|call| Self::start_of(call))
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::driver::ListScope;

    use super::*;
    use crate::config::Options;
    use crate::kind::descriptor;

    fn own(kind: Kind) -> Vec<&'static ListCall> {
        descriptor(kind).unwrap().calls(ListScope::Own, &Options::default())
    }

    #[test]
    fn listing_of_own_images_continues_with_shared_images() {
        let calls = own(Kind::Image);
        let token = |position: &Position| position.to_token().0;
        let second = Position::start_of(calls[0]).after(Some("a:b"), &calls).unwrap();
        assert_eq!(token(&second), "self:a:b");
        let read = Position::read(&second.to_token(), &calls).unwrap();
        assert_eq!((read.call.name, read.token.as_deref()), ("self", Some("a:b")));
        let third = read.after(None, &calls).unwrap();
        assert_eq!(token(&third), "shared:");
        assert_eq!(token(&Position::read(&third.to_token(), &calls).unwrap()), "shared:");
        assert!(third.after(None, &calls).is_none());
    }

    #[test]
    fn page_token_of_another_listing_is_refused() {
        let calls = own(Kind::Volume);
        for text in ["", "all", "shared:x", "self:", "x:y"] {
            assert!(Position::read(&PageToken(text.to_owned()), &calls).is_err(), "{text}");
        }
    }
}
