//! Gateway settings of one test, passed as environment variables.

use std::collections::BTreeMap;

/// Settings by their keys in the configuration file: `poller.interval_seconds`.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Default for Settings {
    /// Returns settings with plain text logs at the level of `GATEWAY_TEST_LOG`. Default: `info`.
    fn default() -> Self {
        let level = std::env::var("GATEWAY_TEST_LOG").unwrap_or_else(|_| "info".to_owned());
        Self { values: BTreeMap::new() }.with("log.filter", level)
    }
}

impl Settings {
    /// Returns the settings with this value.
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.set(key, value);
        self
    }

    /// Sets a value.
    pub fn set(&mut self, key: &str, value: impl ToString) {
        assert!(key.contains('.'), "{key} must be SECTION.KEY");
        self.values.insert(key.to_owned(), value.to_string());
    }

    /// Returns a value that was set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// Returns the environment variables of the settings: `GATEWAY_POLLER_INTERVAL_SECONDS`.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let name = |key: &str| format!("GATEWAY_{}", key.replace('.', "_").to_uppercase());
        self.values
            .iter()
            .map(move |(key, value)| (name(key), value.clone()))
            // Tests search log lines; colour codes would break words.
            .chain([("NO_COLOR".to_owned(), "1".to_owned())])
    }
}
