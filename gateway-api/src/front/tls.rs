//! TLS from the configured files.

use std::path::Path;
use std::sync::Arc;

use gateway_core::config::Front as Config;
use gateway_core::error::{Error, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Returns the acceptor of TLS connections; `None` if no certificate is configured.
pub(super) fn acceptor(config: &Config) -> Result<Option<TlsAcceptor>> {
    if config.tls_certificate.is_empty() {
        return Ok(None);
    }
    let (certificate, key) = (Path::new(&config.tls_certificate), Path::new(&config.tls_key));
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("front.tls_certificate", certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("front.tls_key", key, &error))?;
    let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| Error::invalid(format!("front.tls_certificate and front.tls_key: {error}")))?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(tls))))
}

fn unreadable(key: &str, path: &Path, error: &rustls::pki_types::pem::Error) -> Error {
    Error::invalid(format!("{key}: {} cannot be read: {error}", path.display()))
}
