//! The one crypto provider.

/// Makes ring the provider of TLS for this process; may be called any number of times.
///
/// The HTTP client panics when it is built without a provider, so [`crate::CloudHttp::new`] calls this too.
pub fn install_crypto() {
    // An error says only that one is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
