//! Where a listing stands between its pages.

use gateway_core::driver::PageToken;
use gateway_core::{Error, Result};

use crate::part::Part;

/// Where a listing goes on.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) part: &'static Part,
    /// The cloud's own token; `None` at the start of the part.
    pub(crate) token: Option<String>,
}

impl Position {
    /// The start of a part.
    pub(crate) fn at(part: &'static Part) -> Self {
        Self { part, token: None }
    }

    /// Reads a page token of this listing.
    ///
    /// # Errors
    /// Invalid, when it is not one.
    pub(crate) fn read(page: &PageToken, parts: &[&'static Part]) -> Result<Self> {
        let position = page.0.split_once(':').and_then(|(word, token)| {
            let part = *parts.iter().find(|part| part.word == word)?;
            Some(Self { part, token: (!token.is_empty()).then(|| token.to_owned()) })
        });
        position.ok_or_else(|| Error::invalid("not a page of this listing"))
    }

    /// The page token of this position.
    pub(crate) fn to_token(&self) -> PageToken {
        PageToken(format!("{}:{}", self.part.word, self.token.as_deref().unwrap_or_default()))
    }

    /// What follows a page: more of the part, the next part, or nothing.
    pub(crate) fn after(&self, next_token: Option<&str>, parts: &[&'static Part]) -> Option<Self> {
        if let Some(token) = next_token {
            return Some(Self { part: self.part, token: Some(token.to_owned()) });
        }
        let mut rest = parts.iter().skip_while(|part| part.word != self.part.word).skip(1);
        rest.next().map(|part| Self::at(part))
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Kind;
    use gateway_core::driver::ListScope;
    use gateway_core::kind::{Canonical as _, Image, Volume};

    use super::*;
    use crate::listing::Description;
    use crate::options::Options;

    fn own(kind: Kind) -> Vec<&'static Part> {
        Description::of(kind).unwrap().parts(ListScope::Own, &Options::default())
    }

    #[test]
    fn own_images_are_two_listings_in_a_row() {
        let parts = own(Image::KIND);
        let words = |position: &Position| position.to_token().0;
        let second = Position::at(parts[0]).after(Some("a:b"), &parts).unwrap();
        assert_eq!(words(&second), "self:a:b");
        let read = Position::read(&second.to_token(), &parts).unwrap();
        assert_eq!((read.part.word, read.token.as_deref()), ("self", Some("a:b")));
        let third = read.after(None, &parts).unwrap();
        assert_eq!(words(&third), "shared:");
        assert_eq!(words(&Position::read(&third.to_token(), &parts).unwrap()), "shared:");
        assert!(third.after(None, &parts).is_none());
    }

    #[test]
    fn tokens_of_another_listing_are_refused() {
        let parts = own(Volume::KIND);
        for text in ["", "all", "shared:x", "self:", "x:y"] {
            assert!(Position::read(&PageToken(text.to_owned()), &parts).is_err(), "{text}");
        }
    }
}
