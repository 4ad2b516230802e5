//! The crypto provider and the HTTP client of tests.

/// Installs ring as the crypto provider of this process. Without a provider, creating a reqwest client panics.
pub fn install() {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns a client for tests: without a proxy from the environment and with a timeout.
pub fn http() -> reqwest::Client {
    install();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(90))
        // Shorter than the idle timeout of the front: a request on a closing connection is lost.
        .pool_idle_timeout(std::time::Duration::from_secs(30))
        .build()
        .expect("a client with fixed settings can be built")
}
