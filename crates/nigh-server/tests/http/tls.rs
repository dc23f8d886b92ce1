use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nigh_server::{Keys, Server, ServerConfig};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use tempfile::TempDir;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::server::{Running, config, folders};

/// A certificate that signs itself, and its key, in PEM.
struct Made {
    certificate: String,
    key: String,
}

fn made() -> Made {
    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    Made {
        certificate: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

impl Made {
    fn write(&self, dir: &TempDir) {
        // Not in one moment, as is usual.
        let [certificate, key] = files(dir);
        std::fs::write(certificate, &self.certificate).unwrap();
        std::fs::write(key, &self.key).unwrap();
    }

    /// Whether the server shows this certificate: no other is trusted.
    fn is_shown(&self, server: &Running) -> bool {
        let root = Certificate::from_pem(self.certificate.as_bytes()).unwrap();
        let roots = RootCerts::Specific(Arc::new(vec![root]));
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent = ureq::Agent::config_builder().tls_config(tls).build();
        let reply = agent
            .new_agent()
            .get(format!("{}/healthz", server.address))
            .call();
        reply.is_ok_and(|reply| {
            assert_eq!(
                reply.headers()["strict-transport-security"],
                "max-age=31536000"
            );
            reply.status() == 200
        })
    }

    fn connect(
        &self,
        server: &Running,
        version: &'static SupportedProtocolVersion,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let mut client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(Arc::new(client), name).unwrap();
        StreamOwned::new(client, server.connect().unwrap())
    }
}

fn files(dir: &TempDir) -> [PathBuf; 2] {
    ["certificate.pem", "key.pem"].map(|name| dir.path().join(name))
}

fn encrypted(dir: &TempDir) -> ServerConfig {
    let [certificate, key] = files(dir);
    ServerConfig {
        tls_certificate: Some(certificate),
        tls_key: Some(key),
        ..config()
    }
}

/// Asks again and again, as files are looked at every other second.
fn soon(what: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

#[test]
fn both_versions_are_spoken_and_only_http_1() {
    let (dir, pair) = (tempfile::tempdir().unwrap(), made());
    pair.write(&dir);
    let server = Running::start(folders(), encrypted(&dir), Default::default());
    for version in [&TLS12, &TLS13] {
        let mut stream = pair.connect(&server, version);
        let own = format!("https://localhost:{}", server.port());
        for (origin, status) in [
            (own.as_str(), "204"),
            (&own.replace("https", "http"), "403"),
        ] {
            let asked = format!(
                "POST /v1/networks/friends/people/eve/opt-out HTTP/1.1\r\nhost: localhost:{}\r\norigin: {origin}\r\n\r\n",
                server.port()
            );
            stream.write_all(asked.as_bytes()).unwrap();
            let mut reply = [0; 12];
            stream.read_exact(&mut reply).unwrap();
            assert_eq!(reply, *format!("HTTP/1.1 {status}").as_bytes(), "{origin}");
            while !reply.ends_with(b"\r\n\r\n") {
                reply.rotate_left(1);
                stream.read_exact(&mut reply[11..]).unwrap();
            }
        }
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    // Without TLS nothing is answered.
    let mut plain = server.connect().unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    let _ = plain.read_to_end(&mut reply);
    assert!(!reply.starts_with(b"HTTP"), "{reply:?}");
}

#[test]
fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let (dir, [first, second, third]) = (tempfile::tempdir().unwrap(), [made(), made(), made()]);
    first.write(&dir);
    let server = Running::start(folders(), encrypted(&dir), Default::default());
    assert!(first.is_shown(&server) && !second.is_shown(&server));
    let mut kept = first.connect(&server, &TLS13);
    let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    kept.write_all(ask).unwrap();
    kept.read_exact(&mut [0; 12]).unwrap();
    second.write(&dir);
    assert!(soon(|| second.is_shown(&server)));
    assert!(!first.is_shown(&server));
    // Who was connected before still is.
    kept.write_all(ask).unwrap();
    kept.read_exact(&mut [0; 12]).unwrap();
    let [certificate, key] = files(&dir);
    for broken in ["", "nothing", &third.certificate] {
        std::fs::write(&certificate, broken).unwrap();
        std::thread::sleep(Duration::from_millis(2_500));
        assert!(second.is_shown(&server), "{broken:?}");
    }
    std::fs::remove_file(&key).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(second.is_shown(&server));
    std::fs::write(&key, &third.key).unwrap();
    assert!(soon(|| third.is_shown(&server)));
}

#[test]
fn a_handshake_that_is_not_gone_on_with_holds_nobody_up() {
    let (dir, pair) = (tempfile::tempdir().unwrap(), made());
    pair.write(&dir);
    let mut limited = encrypted(&dir);
    limited.limits.header_seconds = 1;
    let server = Running::start(folders(), limited, Default::default());
    let mut silent = server.connect().unwrap();
    // The head of a handshake whose rest does not come.
    silent.write_all(&[22, 3, 1, 1, 0]).unwrap();
    let begun = Instant::now();
    assert!(pair.is_shown(&server));
    assert!(begun.elapsed() < Duration::from_millis(900));
    let _ = silent.read_to_end(&mut Vec::new());
    assert!((0.8..5.0).contains(&begun.elapsed().as_secs_f64()));
    let half = server.connect().unwrap();
    let begun = Instant::now();
    server.end();
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(half);
}

#[test]
fn files_that_cannot_be_used_are_told() {
    let (dir, one, other) = (tempfile::tempdir().unwrap(), made(), made());
    let told = |certificate: &str, key: &str| {
        let pair = Made {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        pair.write(&dir);
        let opened = Server::open(encrypted(&dir), Keys::default(), Default::default(), &[]);
        opened.err().map(|error| error.to_string())
    };
    assert_eq!(told(&one.certificate, &one.key), None);
    let secret = one.key.lines().nth(1).unwrap();
    for (certificate, key, expected) in [
        ("", one.key.as_str(), "holds no certificate"),
        (&one.key, &one.key, "holds no certificate"),
        (&one.certificate, "", "holds no private key"),
        (&one.certificate, &one.certificate, "holds no private key"),
        (&one.certificate, &one.key[..90], "holds no private key"),
        (&one.certificate, &other.key, "cannot be used together"),
    ] {
        let told = told(certificate, key).unwrap();
        assert!(told.contains(expected), "{told}");
        assert!(
            !told.contains(secret) && !told.contains(&secret[..20]),
            "{told}"
        );
    }
    std::fs::remove_file(&files(&dir)[1]).unwrap();
    let opened = Server::open(encrypted(&dir), Keys::default(), Default::default(), &[]);
    let told = opened.err().unwrap().to_string();
    assert!(
        told.starts_with("cannot read ") && told.contains("key.pem"),
        "{told}"
    );
    let mut half = encrypted(&dir);
    half.tls_key = None;
    let opened = Server::open(half, Keys::default(), Default::default(), &[]);
    let told = opened.err().unwrap().to_string();
    assert!(told.contains("together"), "{told}");
}
