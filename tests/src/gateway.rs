//! The program under test, as processes of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::ensure;
use tempfile::TempDir;

use crate::child::{Child, Program};
use crate::settings::Settings;
use crate::wait::until;
use crate::{ports, tls};

/// The variable with the path of a binary that is to be tested as it is.
pub const BINARY_VARIABLE: &str = "GATEWAY_TEST_BIN";

/// The variable that names the point at which a process ends itself.
const CRASH_VARIABLE: &str = "GATEWAY_TEST_CRASH";

/// A debug build on two busy cores, with the migration of a fresh database, needs seconds.
const START: Duration = Duration::from_secs(60);

/// One role of the gateway in one process. Derefs to [`Child`]: `handler.kill9()`, `poller.pause()`.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    role: String,
    url: Option<String>,
    _directory: TempDir,
}

impl Gateway {
    /// Starts `gateway ROLE` and waits until it is ready. `front` and `up` listen on a free port.
    pub async fn role(role: &str, settings: &Settings) -> Self {
        let mut settings = settings.clone();
        let url = matches!(role, "front" | "up").then(|| {
            let address = format!("127.0.0.1:{}", ports::free());
            settings.set("front.listen", &address);
            format!("http://{address}")
        });
        let directory = tempfile::Builder::new().prefix("gateway-role-").tempdir().expect("a directory");
        let program = Program::new(&format!("gateway-{role}"), binary(), directory.path())
            .argument(role)
            .variables(settings.variables())
            .owning(directory.path());
        let child = Child::start(program);
        let mut gateway = Self { child, role: role.to_owned(), url, _directory: directory };
        gateway.wait_ready().await;
        gateway
    }

    /// Where the front listens.
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or_else(|| panic!("a {} does not listen", self.role))
    }

    /// Starts it again, killing it first when it is still there, and waits until it is ready.
    pub async fn restart(&mut self) {
        self.child.set_variable(CRASH_VARIABLE, None);
        self.child.restart();
        self.wait_ready().await;
    }

    /// Starts it again with a plan of `gateway_core::crash`, such as `poller.page:2`, and does not wait: it may
    /// be dead before it is ready.
    pub fn restart_to_crash(&mut self, plan: &str) {
        self.child.set_variable(CRASH_VARIABLE, Some(plan));
        self.child.restart();
    }

    /// Waits until it says that it is ready.
    pub async fn wait_ready(&mut self) {
        let Some(url) = self.url.clone() else {
            let line = format!("ready role={}", self.role);
            self.child.wait_log(&line, START).await;
            return;
        };
        let (http, live) = (tls::http(), format!("{url}/live"));
        let (child, mut ended) = (&mut self.child, None);
        until("the front to answer", START, || {
            ended = ended.take().or_else(|| child.check().err());
            if let Some(error) = &ended {
                panic!("{error}");
            }
            let request = http.get(&live);
            async move {
                let status = request.send().await?.status();
                ensure!(status.is_success(), "/live: {status}");
                Ok(())
            }
        })
        .await;
    }
}

impl std::ops::Deref for Gateway {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.child
    }
}

impl std::ops::DerefMut for Gateway {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.child
    }
}

/// The binary `gateway`: the given one, or the one of this build, brought up to date once in a process.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os(BINARY_VARIABLE).map_or_else(build, PathBuf::from))
}

/// Cargo builds the binaries of a package only for that package's own tests, so a stale one may lie there.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().find(|path| path.join(".fingerprint").is_dir());
    let profile = profile.expect("tests lie in cargo's target directory");
    let target = profile.parent().expect("a profile lies in the target directory");
    let name = profile.file_name().and_then(|name| name.to_str()).unwrap_or("debug");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--package", "gateway-api", "--bin", "gateway", "--profile"])
        .arg(if name == "debug" { "dev" } else { name })
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "the gateway does not build");
    profile.join("gateway")
}
