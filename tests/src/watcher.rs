//! A guard that outlives this process for a moment: whatever way we die, the children die too.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its standard input, which the kernel brings about when this process is gone.
const SCRIPT: &str = r#"read -r _; kill -9 "-$1"; [ -z "$2" ] || rm -rf -- "$2""#;

/// A shell that kills a process group, and removes a directory, as soon as this process ends.
#[derive(Debug)]
pub struct Watcher {
    shell: Child,
}

impl Watcher {
    /// Watches over `group`; `directory` goes with it.
    pub fn over(group: u32, directory: Option<&Path>) -> Self {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "watcher", &group.to_string()])
            .arg(directory.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // A group of its own, or Ctrl-C would end the watcher before its work is done.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        Self { shell }
    }
}

impl Drop for Watcher {
    /// Stands down: the group has been dealt with.
    fn drop(&mut self) {
        // Killed while its input is still open, so that it never gets to the script's second command.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
