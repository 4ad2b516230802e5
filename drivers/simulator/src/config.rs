//! The options of a registration.

use gateway_core::driver::CloudSpec;
use gateway_core::{Error, Result};
use url::Url;

/// Returns the endpoint of a registration.
///
/// # Errors
/// `Invalid` if the endpoint is not a URL of the cloud.
pub(crate) fn endpoint(cloud: &CloudSpec) -> Result<Url> {
    let wrong = || {
        let message =
            format!("the endpoint `{}` must be a URL such as http://127.0.0.1:9700", cloud.endpoint);
        Error::invalid(message)
    };
    let url = Url::parse(&cloud.endpoint).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong());
    }
    Ok(url)
}

/// Checks a registration.
///
/// # Errors
/// `Invalid` if the endpoint is wrong or there are options: the driver has none.
pub(crate) fn check(cloud: &CloudSpec) -> Result<()> {
    endpoint(cloud)?;
    match cloud.options.keys().next() {
        Some(option) => Err(Error::invalid(format!("the simulator driver has no option `{option}`"))),
        None => Ok(()),
    }
}
