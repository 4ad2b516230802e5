//! The one crypto provider.

/// Makes ring the provider of this process; without it reqwest panics at the first client.
pub fn install() {
    // An error says that it is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client for tests: no proxy from the environment, no wait without end.
pub fn http() -> reqwest::Client {
    install();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(90))
        // Sooner than the front closes what is idle: a request that meets the close is lost.
        .pool_idle_timeout(std::time::Duration::from_secs(30))
        .build()
        .expect("a client with fixed settings can be built")
}
