//! The crypto provider of TLS.

/// Makes ring the crypto provider of this process; it may be called any number of times.
///
/// The HTTP client panics if it is built without a provider, so [`crate::CloudHttp::new`] calls this too.
pub fn install_crypto() {
    // An error says only that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
