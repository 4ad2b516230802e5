//! Whose key it is, and where it can be used.

use gateway_core::driver::{CloudSpec, Proof};
use gateway_core::id::Region;
use gateway_core::{Error, ErrorKind, Result};
use tokio::sync::OnceCell;

use crate::api::Api;
use crate::form::Form;
use crate::options::{Service, is_region_name};
use crate::xml::odd;

/// The account's number, once the cloud told it.
#[derive(Debug, Default)]
pub(crate) struct Account(OnceCell<String>);

impl Account {
    /// The number; asks only the first time, because a key never changes its account.
    ///
    /// # Errors
    /// What the cloud answered.
    pub(crate) async fn number(&self, api: &Api) -> Result<&str> {
        self.0.get_or_try_init(|| ask(api)).await.map(String::as_str)
    }

    /// Proves the key afresh.
    ///
    /// # Errors
    /// What the cloud answered.
    pub(crate) async fn prove(&self, api: &Api, cloud: &CloudSpec) -> Result<Proof> {
        let number = ask(api).await?;
        // Fails only when it is known already.
        let _ = self.0.set(number.clone());
        let regions = if cloud.regions.is_empty() { regions(api).await? } else { cloud.regions.clone() };
        Ok(Proof { name: number.clone(), external_id: number, regions })
    }
}

async fn ask(api: &Api) -> Result<String> {
    let answer = api.at_home(Service::Sts, Form::new("GetCallerIdentity")).await?;
    answer.required(&["GetCallerIdentityResult", "Account"]).map(ToOwned::to_owned)
}

/// The regions that the account has opted into, which is what the call shows when asked for no more.
async fn regions(api: &Api) -> Result<Vec<Region>> {
    let answer = api.at_home(Service::Ec2, Form::new("DescribeRegions")).await.map_err(|error| {
        // STS has just taken the key: whatever EC2 refuses here is no statement about it.
        if !matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Unauthorized) {
            return error;
        }
        let message = "the key may not ask for the regions: name them in the cloud's registration";
        Error::new(ErrorKind::Forbidden, message).with_source(error)
    })?;
    let mut names = answer
        .items(&["regionInfo"])
        .map(|item| item.required(&["regionName"]))
        .collect::<Result<Vec<_>>>()?;
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || !names.iter().all(|name| is_region_name(name)) {
        return Err(odd("no regions, or names that cannot be one"));
    }
    Ok(names.into_iter().map(Region::new).collect())
}
