//! State shared by all connections of a proxy, and the rewriting of addresses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use crate::fault::Fault;

/// State shared by all connections.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) fault: Mutex<Option<Fault>>,
    /// Address of the proxy for each address of the cloud.
    pub(super) fronts: BTreeMap<String, SocketAddr>,
}

impl Shared {
    /// Sets or clears the fault.
    pub(super) fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Returns the fault.
    pub(super) fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the addresses of the cloud in a text by those of the proxy.
    pub(super) fn rewrite(&self, text: &str) -> String {
        self.fronts.iter().fold(text.to_owned(), |text, (upstream, front)| {
            // The port may be the start of a longer number, which is another address.
            let mut rewritten = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some(at) = rest.find(upstream.as_str()) {
                let (before, found) = rest.split_at(at);
                let after = &found[upstream.len()..];
                rewritten.push_str(before);
                if after.starts_with(|next: char| next.is_ascii_digit()) {
                    rewritten.push_str(upstream);
                } else {
                    rewritten.push_str(&front.to_string());
                }
                rest = after;
            }
            rewritten.push_str(rest);
            rewritten
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_that_is_the_start_of_another_is_not_rewritten() {
        let fronts = BTreeMap::from([("127.0.0.1:150".to_owned(), SocketAddr::from(([127, 0, 0, 1], 9)))]);
        let shared = Shared { fault: Mutex::new(None), fronts };
        let text = r#""http://127.0.0.1:150/v3" "http://127.0.0.1:1500/" "127.0.0.1:150""#;
        let rewritten = r#""http://127.0.0.1:9/v3" "http://127.0.0.1:1500/" "127.0.0.1:9""#;
        assert_eq!(shared.rewrite(text), rewritten);
    }
}
