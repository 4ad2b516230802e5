//! What Glance has.

use gateway_core::kind::{Canonical, Image};

use super::{Pages, Pass, Resource, Single};
use crate::catalog::Service;
use crate::wire;

const IMAGES: Pass = Pass::pages(Service::Image, &["images"], "images");

/// The form of its lists.
pub(crate) const PAGES: Pages = Pages::of("images");

// Hidden images are left out of a listing unless asked for, and still boot: two passes.
pub(super) static IMAGE: Resource = Resource {
    own: &[IMAGES, IMAGES.with(&[("os_hidden", "true")])],
    published: &[
        IMAGES.with(&[("visibility", "public")]),
        IMAGES.with(&[("visibility", "public"), ("os_hidden", "true")]),
    ],
    ..Resource::new(Image::KIND, Single::Id { path: "images", around: None }, wire::image::observe)
};
