//! A watcher process that kills the children when the test process ends in any way.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The script waits for the end of its standard input, which the kernel closes when this process ends.
const SCRIPT: &str = r#"read -r _; kill -9 "-$1"; [ -z "$2" ] || rm -rf -- "$2""#;

/// A shell that kills a process group, and removes a directory, as soon as this process ends.
#[derive(Debug)]
pub struct Watcher {
    shell: Child,
}

impl Watcher {
    /// Starts a watcher for the process group `group` and `directory`.
    pub fn over(group: u32, directory: Option<&Path>) -> Self {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "watcher", &group.to_string()])
            .arg(directory.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // In its own group, because Ctrl-C would otherwise end the watcher too.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        Self { shell }
    }
}

impl Drop for Watcher {
    /// Ends the watcher without killing the group.
    fn drop(&mut self) {
        // Killed while its input is open, so that the script does not reach its second command.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
