//! The configuration of a cloud: options of its registration, and the endpoints of its services.

use gateway_core::driver::CloudSpec;
use gateway_core::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// The default region for calls that are not regional.
const DEFAULT_HOME: &str = "us-east-1";
const REGION: &str = "{region}";

/// The options of a registration, which `docs.md` describes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) home_region: Option<String>,
    pub(crate) sts_endpoint: Option<String>,
    pub(crate) public_image_owners: Vec<String>,
    pub(crate) page_size: Option<u32>,
}

impl Options {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// Invalid, naming the wrong option.
    pub(crate) fn read(cloud: &CloudSpec) -> Result<Self> {
        let options: Self = serde_json::from_value(Value::Object(cloud.options.clone()))
            .map_err(|error| Error::invalid(format!("`options` cannot be read: {error}")))?;
        if options.page_size.is_some_and(|size| !(5..=1000).contains(&size)) {
            return Err(Error::invalid("`options.page_size` must be from 5 to 1000"));
        }
        if options.public_image_owners.iter().any(|owner| owner.is_empty() || owner == "self") {
            return Err(Error::invalid(
                "`options.public_image_owners` must be account numbers or aliases other than `self`",
            ));
        }
        Ok(options)
    }
}

/// An API of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    Sts,
}

impl Service {
    /// Returns the name in signatures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
        }
    }

    /// Returns the API version that the driver uses.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Ec2 => "2016-11-15",
            Self::Sts => "2011-06-15",
        }
    }
}

/// The endpoints of the cloud's services, by region.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    ec2: String,
    sts: String,
    home: String,
}

impl Endpoints {
    /// Reads the endpoints of a registration.
    ///
    /// # Errors
    /// Invalid, with the change that is needed.
    pub(crate) fn read(cloud: &CloudSpec, options: &Options) -> Result<Self> {
        let first = || cloud.regions.first().map(|region| region.as_str());
        let home = options.home_region.as_deref().or_else(first).unwrap_or(DEFAULT_HOME).to_owned();
        let ec2 = cloud.endpoint.clone();
        let is_aws = url_of(&ec2, &home)?.host_str().is_some_and(is_aws_host);
        if is_aws && !ec2.contains(REGION) && cloud.regions.len() != 1 {
            return Err(Error::invalid(
                "an AWS endpoint without `{region}` serves one region; name that region in the registration",
            ));
        }
        let sts = match &options.sts_endpoint {
            Some(endpoint) => endpoint.clone(),
            None if is_aws => ec2.replacen("://ec2.", "://sts.", 1),
            None => ec2.clone(),
        };
        url_of(&sts, &home)?;
        Ok(Self { ec2, sts, home })
    }

    /// Returns the region for calls that are not regional.
    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Returns the URL of a service in a region.
    ///
    /// # Errors
    /// Invalid, when the region's name cannot be part of a URL.
    pub(crate) fn url(&self, service: Service, region: &str) -> Result<Url> {
        match service {
            Service::Ec2 => url_of(&self.ec2, region),
            Service::Sts => url_of(&self.sts, region),
        }
    }
}

/// Returns whether a text can be a region's name. It becomes part of a host name, and it may come from the cloud.
pub(crate) fn is_region_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_aws_host(host: &str) -> bool {
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}

fn url_of(template: &str, region: &str) -> Result<Url> {
    if !is_region_name(region) {
        return Err(Error::invalid(format!(
            "`{region}` is not a region name; use letters, digits, `-` and `_`"
        )));
    }
    let url = Url::parse(&template.replace(REGION, region)).ok();
    url.filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && url.query().is_none()
    })
    .ok_or_else(|| Error::invalid(format!("`{template}` must be an HTTP or HTTPS URL without query")))
}

#[cfg(test)]
mod tests {
    use gateway_core::id::Region;
    use serde_json::json;

    use super::*;
    use crate::fixtures::cloud;

    fn urls(endpoint: &str, regions: &[&str], options: Value) -> Result<(String, String)> {
        let mut cloud = cloud(endpoint, options);
        cloud.regions = regions.iter().map(Region::new).collect();
        let endpoints = Endpoints::read(&cloud, &Options::read(&cloud)?)?;
        let url = |service| endpoints.url(service, endpoints.home()).map(|url| url.to_string());
        Ok((url(Service::Ec2)?, url(Service::Sts)?))
    }

    #[test]
    fn endpoint_of_sts_follows_that_of_ec2() {
        let aws = urls("https://ec2.{region}.amazonaws.com", &["eu-west-3", "eu-west-1"], json!({})).unwrap();
        assert_eq!(aws.0, "https://ec2.eu-west-3.amazonaws.com/");
        assert_eq!(aws.1, "https://sts.eu-west-3.amazonaws.com/");
        let china = urls("https://ec2.{region}.amazonaws.com.cn", &["cn-north-1"], json!({})).unwrap();
        assert_eq!(china.1, "https://sts.cn-north-1.amazonaws.com.cn/");
        let other = urls("http://127.0.0.1:17000", &[], json!({})).unwrap();
        assert_eq!(other.0, other.1);
        let home = json!({"home_region": "eu-west-1"});
        let moved = urls("https://ec2.{region}.amazonaws.com", &["af-south-1"], home).unwrap();
        assert_eq!(moved.1, "https://sts.eu-west-1.amazonaws.com/");
        let explicit = json!({"sts_endpoint": "https://sts.example/{region}"});
        assert_eq!(urls("https://ec2.example", &[], explicit).unwrap().1, "https://sts.example/us-east-1");
    }

    #[test]
    fn endpoints_and_options_that_cannot_work_are_refused() {
        assert!(urls("https://ec2.eu-west-3.amazonaws.com", &[], json!({})).is_err());
        assert!(urls("https://ec2.eu-west-3.amazonaws.com", &["eu-west-3"], json!({})).is_ok());
        for endpoint in ["ftp://x", "ec2", "https://x/?a=b"] {
            assert!(urls(endpoint, &[], json!({})).is_err(), "{endpoint}");
        }
        assert!(urls("https://{region}.example", &["evil.example/#"], json!({})).is_err());
        for options in [
            json!({"page_size": 4}),
            json!({"pagesize": 10}),
            json!({"public_image_owners": "amazon"}),
            json!({"public_image_owners": ["self"]}),
            json!({"sts_endpoint": "nowhere"}),
        ] {
            assert!(urls("https://ec2.example", &[], options.clone()).is_err(), "{options}");
        }
    }
}
