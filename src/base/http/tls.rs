//! How certificates are checked, and what to say if one fails.
//!
//! One configuration for all clients: reading the machine's certificates takes longer than most requests.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::reasons::chain;

/// What a person can do about a bad certificate.
const BY_CHOICE: &str = "to record it all the same, write `tls: { accept_invalid: true }` at the station";
/// Why an old server fails.
const OLD: &str = "it knows only TLS or ciphers of before TLS 1.2 with forward secrecy, which are not spoken here; \
                   an http:// address of the station may do";

/// The TLS configuration, with HTTP/2. With `accept_invalid` any certificate is accepted.
pub(super) fn config(accept_invalid: bool) -> Result<ClientConfig, rustls::Error> {
    static STRICT: OnceLock<ClientConfig> = OnceLock::new();
    static LAX: OnceLock<ClientConfig> = OnceLock::new();
    let kept = if accept_invalid { &LAX } else { &STRICT };
    if let Some(config) = kept.get() {
        return Ok(config.clone());
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if accept_invalid {
        Arc::new(AcceptAll(Arc::clone(&provider)))
    } else {
        Arc::new(Verifier::new(Arc::clone(&provider))?)
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(kept.get_or_init(|| config).clone())
}

/// Accepts every certificate: the file says that the station is to be recorded whoever it is.
#[derive(Debug)]
struct AcceptAll(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What is wrong with the TLS of a server and what to do, if `error` is about that.
pub(super) fn trouble(error: &(dyn Error + 'static)) -> Option<String> {
    chain(error).find_map(|reason| match reason.downcast_ref::<rustls::Error>() {
        Some(reason) => Some(words(reason)),
        None => reason.downcast_ref::<io::Error>().and_then(cut_short),
    })
}

/// What to say of a server that closes the connection during the handshake.
fn cut_short(error: &io::Error) -> Option<String> {
    let cut = error.kind() == io::ErrorKind::UnexpectedEof && error.to_string().contains("handshake");
    cut.then(|| format!("it closed the connection in the middle of the handshake; perhaps {OLD}"))
}

fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(certificate) => format!("{}; {BY_CHOICE}", fault(certificate)),
        rustls::Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        )
        | rustls::Error::PeerIncompatible(_) => OLD.to_owned(),
        rustls::Error::InvalidMessage(_) => "what it answers is no TLS; is it an http:// address?".to_owned(),
        other => other.to_string(),
    }
}

/// What is wrong with a certificate.
fn fault(error: &CertificateError) -> String {
    let known = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is the clock of this machine right?"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        CertificateError::Revoked => "its certificate has been revoked",
        CertificateError::UnknownIssuer => {
            "its certificate is self-signed, or by an authority that this machine does not know"
        }
        // It is its own authority, as self-signed certificates often are.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "its certificate is self-signed"
        }
        other => return format!("its certificate is not valid ({other})"),
    };
    known.to_owned()
}
