//! The configuration of a RabbitMQ node that runs beside others on the machine.

use std::fs;
use std::path::Path;

use crate::child::Program;

/// The port mapper runs in the process group of the node and ends with it. The script of the server is called
/// directly, because Debian's wrapper in PATH changes the user.
const SCRIPT: &str =
    r#"epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" & exec /usr/lib/rabbitmq/bin/rabbitmq-server"#;

pub(super) struct Ports {
    pub(super) amqp: u16,
    pub(super) management: u16,
    pub(super) distribution: u16,
    pub(super) epmd: u16,
}

pub(super) fn program(directory: &Path, ports: &Ports) -> Program {
    let path = |name: &str| directory.join(name).display().to_string();
    write(&directory.join("rabbitmq.conf"), &configuration(ports));
    write(&directory.join("enabled_plugins"), "[rabbitmq_management].\n");
    Program::new("rabbitmq", "sh", directory)
        .arguments(["-c", SCRIPT])
        .variable("HOME", path("."))
        .variable("RABBITMQ_NODENAME", format!("gateway{}@localhost", ports.amqp))
        .variable("RABBITMQ_CONFIG_FILE", path("rabbitmq"))
        .variable("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .variable("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
        .variable("RABBITMQ_MNESIA_BASE", path("mnesia"))
        .variable("RABBITMQ_LOG_BASE", path("log"))
        .variable("RABBITMQ_DIST_PORT", ports.distribution)
        .variable("ERL_EPMD_PORT", ports.epmd)
        // Two schedulers without busy waiting, because the gateway and the database need the cores too.
        .variable("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none")
        .owning(directory)
}

fn configuration(ports: &Ports) -> String {
    format!(
        "listeners.tcp.local = 127.0.0.1:{}\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {}\n\
         # Statistics cost a tenth of the throughput and lag by seconds: tests ask queues themselves.\n\
         management_agent.disable_metrics_collector = true\n\
         log.console = true\n\
         log.console.level = warning\n\
         log.file = false\n\
         vm_memory_high_watermark.absolute = 2GB\n\
         disk_free_limit.absolute = 50MB\n",
        ports.amqp, ports.management
    )
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
