//! Child processes that end with the test process and can be killed, paused, restarted and read.

mod log;
mod program;

use std::os::unix::process::CommandExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::group;
use crate::memory::{self, Memory};
use crate::watcher::Watcher;
use log::Log;

pub use program::Program;

/// The longest time from a signal to the end of the process. Later, the test fails.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// A running program in its own process group, with its output in a file.
#[derive(Debug)]
pub struct Child {
    program: Program,
    process: std::process::Child,
    watcher: Option<Watcher>,
    ended: Option<ExitStatus>,
    log: Log,
}

impl Child {
    /// Starts `program`.
    pub fn start(program: Program) -> Self {
        let log = Log::at(program.log_path());
        let (process, watcher) = spawn(&program, &log);
        Self { program, process, watcher: Some(watcher), ended: None, log }
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Returns whether the process is running.
    pub fn is_running(&mut self) -> bool {
        self.exit_status().is_none()
    }

    /// Returns the exit status; `None` while the process is running.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.process.try_wait().expect("the status of a child can be read");
        }
        self.ended
    }

    /// Kills the whole process group with SIGKILL and waits until all its processes have ended.
    pub fn kill9(&mut self) {
        if self.ended.is_none() {
            // An error means that the group has no process left.
            let _ = kill_process_group(self.id(), Signal::KILL);
            self.ended = Some(self.process.wait().expect("a child can be awaited"));
            self.wait_group();
        }
        self.watcher = None;
    }

    /// Sends SIGTERM and waits for the end of the process.
    pub fn terminate(&mut self) -> ExitStatus {
        let start = Instant::now();
        if self.exit_status().is_none() {
            self.signal(Signal::TERM);
        }
        loop {
            if let Some(status) = self.exit_status() {
                self.watcher = None;
                return status;
            }
            assert!(
                start.elapsed() < END_TIMEOUT,
                "{} is still running {END_TIMEOUT:?} after SIGTERM\n{}",
                self.name(),
                self.log.tail()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops the process with SIGSTOP; [`resume`](Self::resume) continues it.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Continues a paused process.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Returns whether the process is stopped, by [`pause`](Self::pause) or by itself.
    pub fn is_paused(&self) -> bool {
        memory::status(self.pid(), "State:").starts_with('T')
    }

    /// Starts the program again with the same arguments. Kills the process first if it is running.
    pub fn restart(&mut self) {
        self.kill9();
        self.log.mark();
        let (process, watcher) = spawn(&self.program, &self.log);
        (self.process, self.watcher, self.ended) = (process, Some(watcher), None);
    }

    /// Sets or removes an environment variable for the next start.
    pub fn set_variable(&mut self, name: &str, value: Option<&str>) {
        self.program.set_variable(name, value);
    }

    /// Returns the memory of the process.
    pub fn memory(&self) -> Memory {
        Memory::of(self.pid())
    }

    /// Resets the peak of [`memory`](Self::memory).
    pub fn reset_peak_memory(&self) {
        memory::reset_peak(self.pid());
    }

    /// Returns the standard output and standard error since the last start.
    pub fn log(&self) -> String {
        self.log.since_start()
    }

    /// Waits for a log line that contains `text` (since the last start), and returns it.
    pub async fn wait_log(&mut self, text: &str, deadline: Duration) -> String {
        let start = Instant::now();
        loop {
            let ended = self.exit_status();
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            if let Some(status) = ended {
                panic!("{} ended ({status}) before it wrote {text:?}\n{}", self.name(), self.log.tail());
            }
            assert!(
                start.elapsed() < deadline,
                "{} did not write {text:?} in {deadline:?}\n{}",
                self.name(),
                self.log.tail()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Fails if the process has ended; the error contains the end of its log.
    ///
    /// # Errors
    /// The process has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.exit_status() {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended: {status}\n{}", self.name(), self.log.tail()),
        }
    }

    /// Waits for the rest of the group, which the kernel ends shortly after the leader.
    fn wait_group(&self) {
        let start = Instant::now();
        while group::alive(self.pid()) > 0 {
            assert!(start.elapsed() < END_TIMEOUT, "{} survives SIGKILL", self.name());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn name(&self) -> &str {
        self.program.name()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap_or_else(|error| panic!("{}: {error}", self.name()));
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.process)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("--- end of the log of {} ---\n{}", self.name(), self.log.tail());
        }
    }
}

fn spawn(program: &Program, log: &Log) -> (std::process::Child, Watcher) {
    let process = program
        .command()
        .stdin(Stdio::null())
        .stdout(log.writer())
        .stderr(log.writer())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.name()));
    let watcher = Watcher::over(process.id(), program.directory());
    (process, watcher)
}
