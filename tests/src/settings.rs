//! The gateway's settings of one test, as environment variables.

use std::collections::BTreeMap;

/// Settings by their key in the configuration file: `poller.interval_seconds`.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Default for Settings {
    /// Plain text logs at the level of `GATEWAY_TEST_LOG`, `info` without it.
    fn default() -> Self {
        let level = std::env::var("GATEWAY_TEST_LOG").unwrap_or_else(|_| "info".to_owned());
        Self { values: BTreeMap::new() }.with("log.filter", level)
    }
}

impl Settings {
    /// With one more setting, or another value for it.
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.set(key, value);
        self
    }

    /// Sets one.
    pub fn set(&mut self, key: &str, value: impl ToString) {
        assert!(key.contains('.'), "{key} is not SECTION.KEY");
        self.values.insert(key.to_owned(), value.to_string());
    }

    /// The value of one that was set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The variables that say the same: `GATEWAY_POLLER_INTERVAL_SECONDS`.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let name = |key: &str| format!("GATEWAY_{}", key.replace('.', "_").to_uppercase());
        self.values
            .iter()
            .map(move |(key, value)| (name(key), value.clone()))
            // Log lines are searched for words, which colours would cut in pieces.
            .chain([("NO_COLOR".to_owned(), "1".to_owned())])
    }
}
