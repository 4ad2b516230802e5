//! Processes of the gateway under test.

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

/// The variable with the path of the binary to test.
pub const BINARY_VARIABLE: &str = "GATEWAY_TEST_BIN";

/// The variable that names the crash point of a process.
const CRASH_VARIABLE: &str = "GATEWAY_TEST_CRASH";

/// A debug build on two busy cores needs seconds to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A process of one gateway role. Derefs to [`Child`]: `handler.kill9()`, `poller.pause()`.
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

    /// Returns the URL of the front.
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or_else(|| panic!("`{}` does not listen", self.role))
    }

    /// Returns the URL of the admin listener.
    pub fn admin_url(&self) -> String {
        let log = self.child.log();
        let url = log.lines().find_map(|line| line.split_once("ready admin url="));
        url.unwrap_or_else(|| panic!("`{}` has no admin listener", self.role)).1.trim().to_owned()
    }

    /// Restarts the process and waits until it is ready. Kills it first if it is running.
    pub async fn restart(&mut self) {
        self.child.set_variable(CRASH_VARIABLE, None);
        self.child.restart();
        self.wait_ready().await;
    }

    /// Restarts the process with a crash plan of `gateway_core::crash`, such as `poller.page:2`. Does not wait: the
    /// process may crash before it is ready.
    pub fn restart_to_crash(&mut self, plan: &str) {
        self.child.set_variable(CRASH_VARIABLE, Some(plan));
        self.child.restart();
    }

    /// Waits until the process reports that it is ready.
    pub async fn wait_ready(&mut self) {
        let Some(url) = self.url.clone() else {
            let line = format!("ready role={}", self.role);
            self.child.wait_log(&line, START_TIMEOUT).await;
            return;
        };
        let (http, live) = (tls::http(), format!("{url}/live"));
        let (child, mut ended) = (&mut self.child, None);
        until("the front to answer", START_TIMEOUT, || {
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

/// Returns the path of the `gateway` binary: the one in the environment, or the one of this build, built once per process.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os(BINARY_VARIABLE).map_or_else(build, PathBuf::from))
}

/// Builds the gateway, because cargo does not build the binaries of other packages for a test.
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
