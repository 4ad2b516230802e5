//! `gateway cloud`: registration of clouds.

use std::time::Duration;

use clap::{Args, Subcommand};
use gateway_core::driver::CloudSpec;
use gateway_core::error::{Error, Result};
use gateway_core::id::{CloudId, Region};
use gateway_store::NewCloud;
use serde_json::{Map, Value, json};

use super::output;
use super::setting::Setting;

#[derive(Debug, Subcommand)]
pub(super) enum Cloud {
    /// Register a cloud. It is polled after a client has proven an account there.
    Add(Add),
    /// List the registered clouds.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// Name that clients use: letters, digits, `-`, `_` or `.`.
    name: String,
    /// Use this driver: `openstack`, `ec2` or `simulator`.
    #[arg(long)]
    driver: String,
    /// Use the API at this URL, such as a Keystone v3 URL; some drivers replace `{region}`.
    #[arg(long)]
    endpoint: String,
    /// Use only this region instead of all; can be repeated.
    #[arg(long = "region")]
    regions: Vec<String>,
    /// Allow the cloud to refer the gateway to this host; can be repeated.
    #[arg(long = "allow-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Allow plain HTTP to other machines, which sends credentials over the network in clear.
    #[arg(long)]
    allow_plaintext: bool,
    /// Refuse answers without a `Date` header, whose clock skew cannot be checked.
    #[arg(long)]
    require_date: bool,
    /// Limit the calls per second of each account.
    #[arg(long, default_value_t = 20.0)]
    calls_per_second: f64,
    /// Limit the wait for one answer of the cloud.
    #[arg(long, default_value_t = 60)]
    timeout_seconds: u64,
    /// Set an option of the driver; the value is parsed as JSON if possible and is a string otherwise; can be repeated.
    #[arg(long = "option", value_name = "KEY=VALUE")]
    options: Vec<String>,
    /// Print JSON, with `cloud_id`.
    #[arg(long)]
    json: bool,
}

impl Cloud {
    pub(super) async fn run(self, setting: Setting) -> Result<()> {
        let store = setting.migrated_store().await?;
        match self {
            Self::Add(add) => {
                let print_json = add.json;
                let new = add.into_cloud()?;
                let id = new.spec.id;
                store.cloud_add(new).await?;
                match print_json {
                    true => output::json(&json!({ "cloud_id": id })),
                    false => output::line(&format!("cloud_id  {id}")),
                }
            }
            Self::List { json } => {
                let clouds = store.cloud_list().await?;
                if json {
                    let rows = clouds.iter().map(|cloud| {
                        json!({ "cloud_id": cloud.spec.id, "name": cloud.spec.name, "driver": cloud.driver,
                                "endpoint": cloud.spec.endpoint, "regions": cloud.spec.regions })
                    });
                    output::json(&rows.collect());
                } else {
                    let rows = clouds.iter().map(|cloud| {
                        vec![
                            cloud.spec.id.to_string(),
                            cloud.spec.name.clone(),
                            cloud.driver.clone(),
                            cloud.spec.endpoint.clone(),
                        ]
                    });
                    output::table(&["CLOUD_ID", "NAME", "DRIVER", "ENDPOINT"], &rows.collect::<Vec<_>>());
                }
            }
        }
        Ok(())
    }
}

impl Add {
    fn into_cloud(self) -> Result<NewCloud> {
        let drivers = Setting::drivers();
        let driver = drivers.get(&self.driver).ok_or_else(|| {
            Error::invalid(format!(
                "there is no driver `{}`; use one of {}",
                self.driver,
                drivers.names().join(", ")
            ))
        })?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.name.is_empty() || self.name.len() > 63 || !self.name.chars().all(fits) {
            return Err(Error::invalid(
                "the name of a cloud must have 1 to 63 letters, digits, `-`, `_` or `.`",
            ));
        }
        if !(self.calls_per_second.is_finite() && self.calls_per_second > 0.0) {
            return Err(Error::invalid("`--calls-per-second` must be greater than 0"));
        }
        let spec = CloudSpec {
            id: CloudId::generate(),
            name: self.name,
            endpoint: self.endpoint,
            regions: self.regions.iter().map(Region::new).collect(),
            allowed_hosts: self.allowed_hosts,
            allow_plaintext: self.allow_plaintext,
            require_date: self.require_date,
            calls_per_second: self.calls_per_second,
            timeout: Duration::from_secs(self.timeout_seconds.max(1)),
            options: options(&self.options)?,
        };
        driver.validate(&spec)?;
        Ok(NewCloud { driver: self.driver, spec })
    }
}

fn options(pairs: &[String]) -> Result<Map<String, Value>> {
    let read = |pair: &String| {
        let (key, text) = pair
            .split_once('=')
            .ok_or_else(|| Error::invalid(format!("`--option {pair}` must have the form KEY=VALUE")))?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        Ok((key.to_owned(), value))
    };
    pairs.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_value_is_json_or_text() {
        let given = ["owners=[\"a\"]", "interface=internal", "size=5"].map(str::to_owned);
        let options = options(&given).unwrap();
        assert_eq!(options["owners"], json!(["a"]));
        assert_eq!(options["interface"], "internal");
        assert_eq!(options["size"], 5);
        assert!(super::options(&["nothing".to_owned()]).is_err());
    }
}
