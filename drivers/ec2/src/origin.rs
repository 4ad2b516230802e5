//! The origin of a document: everything that a mapping needs and the document does not say.

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::CloudSpec;
use gateway_core::id::Region;
use gateway_core::kind::{Canonical, Reference};

use crate::sizes::Size;

/// The origin of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) region: &'a Region,
    /// The account that asked, by its number.
    pub(crate) account: &'a str,
    /// Sizes of the instance types that the mapping needs, as far as they are known.
    pub(crate) sizes: &'a BTreeMap<String, Size>,
}

impl Origin<'_> {
    /// Returns a reference to another resource of the same region by the cloud's id.
    pub(crate) fn reference<T: Canonical>(&self, id: &str) -> Reference {
        let derived = self.cloud.resource_id(self.region, T::KIND, id);
        Reference { id: Some(derived), external_id: Some(id.to_owned()), name: None }
    }

    /// Sets owner and visibility. Without an owner in the document it is this account; a resource of another account is
    /// visible because it is shared with this one.
    pub(crate) fn set_owner(&self, observed: &mut Observed, owner: Option<&str>) {
        let owner = owner.unwrap_or(self.account);
        observed.owner = Some(owner.to_owned());
        observed.visibility = if owner == self.account { Visibility::Private } else { Visibility::Shared };
    }
}
