//! The share keys of calls to clouds.

use std::fmt;

use crate::id::{AccountId, CloudId, Holder, PrincipalId, Region, Scope};

/// An address of a cloud's API that answers, or hangs, as one: the services of one region, or the identity service of the
/// whole cloud.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The cloud.
    pub cloud: CloudId,
    /// The region; none for the identity service.
    pub region: Option<Region>,
}

impl Endpoint {
    /// Returns the endpoint of a cloud's region.
    pub fn of_region(cloud: CloudId, region: Region) -> Self {
        Self { cloud, region: Some(region) }
    }

    /// Returns the endpoint at which a scope is listed.
    pub fn of_scope(scope: &Scope) -> Self {
        Self::of_region(scope.cloud, scope.region.clone())
    }

    /// Returns the endpoint of a cloud's identity service.
    pub fn of_identity(cloud: CloudId) -> Self {
        Self { cloud, region: None }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "{}/{}", self.cloud, region.as_str()),
            None => write!(f, "{}", self.cloud),
        }
    }
}

/// A share key of a pool for calls to clouds: an endpoint first, then the party for which it is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallKey {
    /// All calls to one endpoint.
    Endpoint(Endpoint),
    /// The calls for one account, or for the published resources, at one endpoint.
    Holder(Endpoint, Holder),
    /// The calls for one principal at one endpoint.
    Principal(Endpoint, PrincipalId),
}

impl CallKey {
    /// Returns the path of a call for one account, or for the published resources.
    pub fn for_holder(endpoint: Endpoint, holder: Holder) -> [Self; 2] {
        [Self::Endpoint(endpoint.clone()), Self::Holder(endpoint, holder)]
    }

    /// Returns the path of a call for one account in a region.
    pub fn for_account(cloud: CloudId, region: Region, account: AccountId) -> [Self; 2] {
        Self::for_holder(Endpoint::of_region(cloud, region), Holder::Account(account))
    }

    /// Returns the path of a call for one principal.
    pub fn for_principal(endpoint: Endpoint, principal: PrincipalId) -> [Self; 2] {
        [Self::Endpoint(endpoint.clone()), Self::Principal(endpoint, principal)]
    }

    /// Returns the endpoint that is called.
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Endpoint(endpoint) | Self::Holder(endpoint, _) | Self::Principal(endpoint, _) => endpoint,
        }
    }
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => write!(f, "{endpoint}"),
            Self::Holder(endpoint, holder) => write!(f, "{endpoint} {holder}"),
            Self::Principal(endpoint, principal) => write!(f, "{endpoint} {principal}"),
        }
    }
}
