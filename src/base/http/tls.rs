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
const OLD: &str = "it knows only TLS or ciphers of before TLS 1.2 with forward secrecy, which are not spoken here";
/// What may help at a station.
const HTTP_MAY_DO: &str = "an http:// address of the station may do";
/// What a server did that did not like the handshake.
const CUT_SHORT: &str = "it closed the connection in the middle of the handshake";
/// What a person can do about a certificate that this machine does not know.
const BY_TRUST: &str = "whoever signed it can be added to the certificates that this machine trusts";

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
    Some(match TlsTrouble::of(error)? {
        TlsTrouble::Certificate(fault) => format!("{fault}; {BY_CHOICE}"),
        TlsTrouble::Old => format!("{OLD}; {HTTP_MAY_DO}"),
        TlsTrouble::NoTls => "what it answers is no TLS; is it an http:// address?".to_owned(),
        TlsTrouble::CutShort => format!("{CUT_SHORT}; perhaps {OLD}; {HTTP_MAY_DO}"),
        TlsTrouble::Other(words) => words,
    })
}

/// What is wrong with the TLS of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsTrouble {
    /// Its certificate is not to be believed, for this reason.
    Certificate(String),
    /// It knows only what is not spoken any more.
    Old,
    /// What it answers is no TLS.
    NoTls,
    /// It closed the connection during the handshake.
    CutShort,
    /// Something else.
    Other(String),
}

impl TlsTrouble {
    /// What is wrong with the TLS of a server, if `error` is about that.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        chain(error).find_map(|reason| match reason.downcast_ref::<rustls::Error>() {
            Some(reason) => Some(Self::read(reason)),
            None => reason.downcast_ref::<io::Error>().filter(|error| is_cut_short(error)).map(|_| Self::CutShort),
        })
    }

    fn read(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => Self::Certificate(fault(certificate)),
            rustls::Error::AlertReceived(
                AlertDescription::ProtocolVersion
                | AlertDescription::HandshakeFailure
                | AlertDescription::InsufficientSecurity,
            )
            | rustls::Error::PeerIncompatible(_) => Self::Old,
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            other => Self::Other(other.to_string()),
        }
    }

    /// Says it of a server of any kind. `otherwise` says what may be meant if it speaks no TLS.
    pub fn words(self, otherwise: &str) -> String {
        match self {
            Self::Certificate(fault) => format!("{fault}; {BY_TRUST}"),
            Self::Old => OLD.to_owned(),
            Self::NoTls => format!("what it answers is no TLS; {otherwise}"),
            Self::CutShort => CUT_SHORT.to_owned(),
            Self::Other(words) => words,
        }
    }
}

/// Whether a server closed the connection during the handshake.
fn is_cut_short(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof && error.to_string().contains("handshake")
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
