//! An origin behind TLS, with an untrusted certificate.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// Returns the address of `url` over TLS, which works while the test's runtime lives. `None` if there is no openssl to
/// make a certificate with.
pub async fn self_signed(url: &str) -> Option<String> {
    let acceptor = TlsAcceptor::from(Arc::new(config()?));
    let mut url: Url = url.parse().expect("a URL");
    let behind: SocketAddr = url.socket_addrs(|| None).expect("an address")[0];
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.ok()?;
                let mut behind = TcpStream::connect(behind).await.ok()?;
                copy_bidirectional(&mut stream, &mut behind).await.ok()
            });
        }
    });
    url.set_port(Some(port)).expect("it has a host");
    url.set_scheme("https").expect("http before");
    Some(url.into())
}

fn config() -> Option<ServerConfig> {
    let names = ["-subj", "/CN=radio", "-addext", "subjectAltName=IP:127.0.0.1"];
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout - -out -";
    #[expect(clippy::disallowed_methods, reason = "it ends before the call returns")]
    let made = Command::new("openssl").args(request.split(' ')).args(names).output().ok()?;
    let certificate = CertificateDer::from_pem_slice(&made.stdout).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&made.stdout).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Some(config.expect("both belong together"))
}
