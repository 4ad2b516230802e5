//! RabbitMQ for tests: a running broker, or a node that ends with the test process.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The time limit of a start, which takes some seconds, and more on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Starts name server and node in a session of their own, and kills both when its standard input closes, which happens at
/// the latest at the end of the test process. The data is deleted unless the input is `keep`.
const WRAPPER: &str = r#"
setsid sh -c 'epmd -port "$ERL_EPMD_PORT" & /usr/lib/rabbitmq/bin/rabbitmq-server > "$RABBITMQ_LOG_BASE/out" 2>&1' &
read -r data
kill -9 "-$!"
wait
[ "$data" = keep ] || rm -rf "$HOME"
"#;

/// A node that the tests start.
pub struct Broker {
    folder: PathBuf,
    ports: [u16; 4],
    process: Option<Child>,
}

impl Broker {
    /// Chooses folder and ports without starting the node.
    pub fn prepare() -> Self {
        Self::prepare_with("")
    }

    /// Chooses folder and ports of a node with more lines of configuration.
    pub fn prepare_with(more: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gateway-bus-test-{}", Uuid::new_v4()));
        std::fs::create_dir_all(folder.join("log")).unwrap();
        // All are bound at the same time, so that they differ.
        let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listeners.map(|listener| listener.local_addr().unwrap().port());
        let [amqp, admin, ..] = ports;
        let configuration = format!(
            "loopback_users = none\nlisteners.tcp.local = 127.0.0.1:{amqp}\n\
             management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {admin}\n{more}\n"
        );
        std::fs::write(folder.join("rabbitmq.conf"), configuration).unwrap();
        std::fs::write(folder.join("plugins"), "[rabbitmq_management].\n").unwrap();
        std::fs::write(folder.join("environment"), "").unwrap();
        Self { folder, ports, process: None }
    }

    /// Starts the node and waits until it answers.
    pub async fn start(&mut self) {
        let [amqp, _, distribution, names] = self.ports;
        let at = |name: &str| self.folder.join(name);
        let child = Command::new("sh")
            .args(["-c", WRAPPER])
            // Ctrl-C at the terminal ends the tests but not the wrapper, which cleans up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .env("HOME", &self.folder)
            .env("ERL_EPMD_PORT", names.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", format!("gateway-bus-{amqp}@localhost"))
            .env("RABBITMQ_NODE_PORT", amqp.to_string())
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", at("environment"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("data"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_SERVER_START_ARGS", "-setcookie gateway-bus-test")
            .spawn()
            .unwrap();
        self.process = Some(child);
        let admin = self.admin();
        let up = async {
            while admin.put("/api/vhosts/ready", "").is_none() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(START_TIMEOUT, up).await.expect("RabbitMQ did not start");
    }

    /// Kills the node, as a power failure would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            if let Some(mut input) = process.stdin.take() {
                let _ = input.write_all(b"keep\n");
            }
            let _ = process.wait();
        }
    }

    /// Returns whether the node has the quorum queue of that name on disk. The node writes it some time after the
    /// declaration; if it is killed before, the queue is lost.
    pub fn has_written(&self, queue: &str) -> bool {
        let Ok(nodes) = std::fs::read_dir(self.folder.join("data")) else { return false };
        nodes.flatten().any(|node| {
            let Ok(groups) = std::fs::read_dir(node.path().join("quorum")) else { return false };
            groups.flatten().any(|group| {
                let names = std::fs::read(group.path().join("names.dets")).unwrap_or_default();
                names.windows(queue.len()).any(|bytes| bytes == queue.as_bytes())
            })
        })
    }

    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports[0])
    }

    fn admin(&self) -> Admin {
        Admin { address: format!("127.0.0.1:{}", self.ports[1]), user: "guest:guest".to_owned() }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A client of the management interface.
struct Admin {
    address: String,
    user: String,
}

impl Admin {
    /// Sends a PUT; `None` unless it succeeds.
    fn put(&self, path: &str, body: &str) -> Option<()> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let (address, user, length) = (&self.address, BASE64.encode(&self.user), body.len());
        write!(
            stream,
            "PUT {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Basic {user}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 2").then_some(())
    }
}

/// Creates a virtual host on the broker that all tests share. Returns its URL.
pub async fn fresh_vhost() -> String {
    /// The node (none if environment variables name a broker), the base URL and the administration client.
    static SHARED: OnceCell<(Option<Broker>, String, Admin)> = OnceCell::const_new();
    let (_, base, admin) = SHARED
        .get_or_init(|| async {
            if let (Ok(url), Ok(admin)) =
                (std::env::var("GATEWAY_TEST_AMQP_URL"), std::env::var("GATEWAY_TEST_AMQP_ADMIN"))
            {
                let (user, address) = admin.trim_start_matches("http://").split_once('@').unwrap();
                let admin =
                    Admin { address: address.trim_end_matches('/').to_owned(), user: user.to_owned() };
                let scheme_end = url.find("://").unwrap() + 3;
                let base = url[scheme_end..].find('/').map_or(url.len(), |path| scheme_end + path);
                return (None, url[..base].to_owned(), admin);
            }
            let mut broker = Broker::prepare();
            broker.start().await;
            let base = broker.url().trim_end_matches("/%2f").to_owned();
            let admin = broker.admin();
            (Some(broker), base, admin)
        })
        .await;
    let name = Uuid::new_v4().to_string();
    let user = admin.user.split(':').next().unwrap();
    let all = r#"{"configure":".*","write":".*","read":".*"}"#;
    admin.put(&format!("/api/vhosts/{name}"), "").expect("a virtual host");
    admin.put(&format!("/api/permissions/{name}/{user}"), all).expect("permissions");
    format!("{base}/{name}")
}

/// Records that a test has run against a real broker, so that CI can count such tests.
pub fn record(test: &str) {
    if let Ok(ledger) = std::env::var("GATEWAY_TEST_LEDGER") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(ledger).unwrap();
        writeln!(file, "rabbitmq {test}").unwrap();
    }
}
