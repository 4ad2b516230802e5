//! The account of an access key, and the regions where the key works.

use gateway_core::driver::{CloudSpec, Proof};
use gateway_core::id::Region;
use gateway_core::{Error, ErrorKind, Result};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::config::{Service, is_region_name};
use crate::form::Form;
use crate::xml::wrong_document;

/// The account's number, once it is known.
#[derive(Debug, Default)]
pub(crate) struct Account(OnceCell<String>);

impl Account {
    /// Returns the number. Only the first call asks the cloud, because a key never changes its account.
    ///
    /// # Errors
    /// The cloud's error.
    pub(crate) async fn number(&self, client: &Client) -> Result<&str> {
        self.0.get_or_try_init(|| read_number(client)).await.map(String::as_str)
    }

    /// Proves the key by asking the cloud again.
    ///
    /// # Errors
    /// The cloud's error.
    pub(crate) async fn prove(&self, client: &Client, cloud: &CloudSpec) -> Result<Proof> {
        let number = read_number(client).await?;
        // Fails only if the number is known already.
        let _ = self.0.set(number.clone());
        let regions =
            if cloud.regions.is_empty() { read_regions(client).await? } else { cloud.regions.clone() };
        Ok(Proof { name: number.clone(), external_id: number, regions })
    }
}

async fn read_number(client: &Client) -> Result<String> {
    let answer = client.read_at_home(Service::Sts, Form::new("GetCallerIdentity")).await?;
    answer.required(&["GetCallerIdentityResult", "Account"]).map(ToOwned::to_owned)
}

/// Reads the regions that the account has opted into. `DescribeRegions` without parameters shows no others.
async fn read_regions(client: &Client) -> Result<Vec<Region>> {
    let answer = client.read_at_home(Service::Ec2, Form::new("DescribeRegions")).await.map_err(|error| {
        // STS has just accepted the key, so a refusal by EC2 says nothing about the key.
        if !matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Unauthorized) {
            return error;
        }
        let message = "the key may not call `DescribeRegions`; name the regions in the cloud's registration";
        Error::new(ErrorKind::Forbidden, message).with_source(error)
    })?;
    let mut names = answer
        .items(&["regionInfo"])
        .map(|item| item.required(&["regionName"]))
        .collect::<Result<Vec<_>>>()?;
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || !names.iter().all(|name| is_region_name(name)) {
        return Err(wrong_document("no regions, or an invalid region name"));
    }
    Ok(names.into_iter().map(Region::new).collect())
}
