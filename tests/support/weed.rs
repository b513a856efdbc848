//! A real SeaweedFS: master, volume server, filer and S3 in one process, in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::aircheck::until;
use super::{ports, skip};

const VERSION: &str = "4.48";
/// How long it may take to begin on a busy machine.
const BEGINS_WITHIN: Duration = Duration::from_secs(120);

/// The keys that it knows.
pub const ACCESS_KEY: &str = "radio";
pub const SECRET_KEY: &str = "the secret of the tests";

/// A running SeaweedFS; killed when it is dropped.
pub struct Weed {
    _child: Child,
    _folder: TempDir,
    /// The port of its S3.
    pub port: u16,
}

impl Weed {
    /// Starts it. `None`, which is printed, if it was not fetched.
    pub async fn start() -> Option<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let places = [target, root().join("target")];
        let programs = places.map(|target| target.join(format!("weed/weed-{VERSION}")));
        let Some(program) = programs.iter().find(|program| program.exists()) else {
            skip::without("SeaweedFS: tests/weed/fetch brings it");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("s3.json");
        let keys = serde_json::json!([{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }]);
        let identity = serde_json::json!({ "name": "radio", "credentials": keys,
            "actions": ["Admin", "Read", "Write", "List", "Tagging"] });
        std::fs::write(&config, serde_json::json!({ "identities": [identity] }).to_string()).expect("written");
        let port = ports::free();
        // It takes a gRPC port 10,000 above each if none is named: a connection of another test may hold that one.
        let listens = ["master", "volume", "filer", "s3"].into_iter().flat_map(|part| {
            let own = if part == "s3" { port } else { ports::free() };
            [format!("-{part}.port={own}"), format!("-{part}.port.grpc={}", ports::free())]
        });
        let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut child = Command::new(program)
            .arg("server")
            .arg(format!("-dir={}", folder.path().display()))
            .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=100"])
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0"])
            .args(["-master.volumeSizeLimitMB=64", &format!("-s3.config={}", config.display())])
            .args(listens)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("SeaweedFS starts");
        until("SeaweedFS listens", BEGINS_WITHIN, async || {
            if let Some(status) = child.try_wait().expect("a status") {
                let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                panic!("SeaweedFS ended by itself ({status}):\n{log}");
            }
            TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        Some(Self { _child: child, _folder: folder, port })
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
