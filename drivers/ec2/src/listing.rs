//! Which calls make up a listing, and where it stands between its pages.

use gateway_core::driver::{ListScope, PageToken};
use gateway_core::kind::Canonical as _;
use gateway_core::kinds::{Image, Instance, InstanceType, Volume};
use gateway_core::{Error, ErrorKind, Kind, Result};

use crate::form::Form;
use crate::options::Options;

/// How one kind is asked for.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) kind: Kind,
    action: &'static str,
    /// The list in the answer.
    pub(crate) set: &'static str,
    /// The parameter that names single ones.
    id_parameter: &'static str,
    /// The most that the cloud puts on a page.
    page_size: u32,
}

static DESCRIPTIONS: [Description; 4] = [
    Description {
        kind: Instance::KIND,
        action: "DescribeInstances",
        set: "reservationSet",
        id_parameter: "InstanceId",
        page_size: 1000,
    },
    Description {
        kind: InstanceType::KIND,
        action: "DescribeInstanceTypes",
        set: "instanceTypeSet",
        id_parameter: "InstanceType",
        page_size: 100,
    },
    Description {
        kind: Image::KIND,
        action: "DescribeImages",
        set: "imagesSet",
        id_parameter: "ImageId",
        page_size: 1000,
    },
    Description {
        kind: Volume::KIND,
        action: "DescribeVolumes",
        set: "volumeSet",
        id_parameter: "VolumeId",
        page_size: 1000,
    },
];

/// The least that the cloud takes for a page.
const SMALLEST_PAGE: u32 = 5;

/// One part of a listing: a series of pages of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All that the call shows.
    All,
    /// Images of the account.
    Owned,
    /// Images of others that the account may use by name.
    Shared,
    /// Public images of the configured owners.
    Public,
}

impl Part {
    const WORDS: [(&'static str, Self); 4] =
        [("all", Self::All), ("self", Self::Owned), ("shared", Self::Shared), ("public", Self::Public)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, part)| *part == self).map_or("", |(word, _)| word)
    }
}

/// The parts of a listing, in their order; none where there is nothing to ask.
pub(crate) fn parts(kind: Kind, scope: ListScope, options: &Options) -> &'static [Part] {
    match scope {
        ListScope::Own if kind == Image::KIND => &[Part::Owned, Part::Shared],
        ListScope::Published if kind == Image::KIND && options.public_image_owners.is_empty() => &[],
        ListScope::Published if kind == Image::KIND => &[Part::Public],
        ListScope::Own if kind != InstanceType::KIND => &[Part::All],
        ListScope::Published if kind == InstanceType::KIND => &[Part::All],
        _ => &[],
    }
}

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) part: Part,
    /// The cloud's own token; `None` at the start of the part.
    pub(crate) token: Option<String>,
}

impl Position {
    /// Reads a page token of this listing.
    ///
    /// # Errors
    /// Invalid, when it is not one.
    pub(crate) fn read(page: &PageToken, parts: &[Part]) -> Result<Self> {
        let position = page.0.split_once(':').and_then(|(word, token)| {
            let (_, part) =
                *Part::WORDS.iter().find(|(known, part)| *known == word && parts.contains(part))?;
            Some(Self { part, token: (!token.is_empty()).then(|| token.to_owned()) })
        });
        position.ok_or_else(|| Error::invalid("not a page of this listing"))
    }

    /// The page token of this position.
    pub(crate) fn to_token(&self) -> PageToken {
        PageToken(format!("{}:{}", self.part.word(), self.token.as_deref().unwrap_or_default()))
    }

    /// What follows a page: more of the part, the next part, or nothing.
    pub(crate) fn after(&self, next_token: Option<&str>, parts: &[Part]) -> Option<Self> {
        if let Some(token) = next_token {
            return Some(Self { part: self.part, token: Some(token.to_owned()) });
        }
        let mut rest = parts.iter().skip_while(|part| **part != self.part).skip(1);
        rest.next().map(|part| Self { part: *part, token: None })
    }
}

impl Description {
    /// How the kind is asked for.
    ///
    /// # Errors
    /// Unsupported, when EC2 has no such kind.
    pub(crate) fn of(kind: Kind) -> Result<&'static Self> {
        DESCRIPTIONS.iter().find(|description| description.kind == kind).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, format!("the driver for EC2 does not have {kind}"))
        })
    }

    /// The call for one page.
    pub(crate) fn page(&self, position: &Position, options: &Options) -> Form {
        let size = options.page_size.map_or(self.page_size, |size| size.min(self.page_size));
        let form = self.part(position.part, options).with("MaxResults", size);
        position.token.iter().fold(form, |form, token| form.with("NextToken", token))
    }

    /// The smallest call that shows whether the kind may be listed.
    pub(crate) fn probe(&self, options: &Options) -> Form {
        let part = if self.kind == Image::KIND { Part::Owned } else { Part::All };
        self.part(part, options).with("MaxResults", SMALLEST_PAGE)
    }

    /// The call for a single one.
    pub(crate) fn single(&self, id: &str) -> Form {
        Form::new(self.action).with_list(self.id_parameter, [id])
    }

    fn part(&self, part: Part, options: &Options) -> Form {
        let form = Form::new(self.action);
        match part {
            Part::All => form,
            // A disabled image is still there, and only shown on request.
            Part::Owned => form.with_list("Owner", ["self"]).with("IncludeDisabled", true),
            Part::Shared => form.with_list("ExecutableBy", ["self"]),
            Part::Public => {
                form.with_list("Owner", &options.public_image_owners).with_filter("is-public", ["true"])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_images_are_two_listings_in_a_row() {
        let parts = parts(Image::KIND, ListScope::Own, &Options::default());
        let first = Position { part: parts[0], token: None };
        let second = first.after(Some("a:b"), parts).unwrap();
        assert_eq!(second.to_token(), PageToken("self:a:b".to_owned()));
        assert_eq!(Position::read(&second.to_token(), parts).unwrap(), second);
        let third = second.after(None, parts).unwrap();
        assert_eq!(third.to_token(), PageToken("shared:".to_owned()));
        assert_eq!(Position::read(&third.to_token(), parts).unwrap(), third);
        assert_eq!(third.after(None, parts), None);
    }

    #[test]
    fn tokens_of_another_listing_are_refused() {
        let parts = parts(Volume::KIND, ListScope::Own, &Options::default());
        for text in ["", "all", "shared:x", "self:", "x:y"] {
            assert!(Position::read(&PageToken(text.to_owned()), parts).is_err(), "{text}");
        }
    }

    #[test]
    fn public_images_are_asked_for_only_where_owners_are_named() {
        let mut options = Options::default();
        assert!(parts(Image::KIND, ListScope::Published, &options).is_empty());
        options.public_image_owners = vec!["amazon".to_owned()];
        options.page_size = Some(50);
        let parts = parts(Image::KIND, ListScope::Published, &options);
        let position = Position { part: parts[0], token: Some("t".to_owned()) };
        let form = Description::of(Image::KIND).unwrap().page(&position, &options).body("v");
        assert_eq!(
            form,
            "Action=DescribeImages&Version=v&Owner.1=amazon&Filter.1.Name=is-public&Filter.1.Value.1=true\
             &MaxResults=50&NextToken=t"
        );
    }

    #[test]
    fn no_page_is_larger_than_the_cloud_takes() {
        let start = Position { part: Part::All, token: None };
        for (page_size, expected) in
            [(None, "MaxResults=100"), (Some(1000), "MaxResults=100"), (Some(7), "MaxResults=7")]
        {
            let options = Options { page_size, ..Options::default() };
            let form = Description::of(InstanceType::KIND).unwrap().page(&start, &options).body("v");
            assert!(form.ends_with(expected), "{form}");
        }
    }
}
