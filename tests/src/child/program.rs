//! A program to start: executable, arguments and environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program with its arguments and environment. It can be started repeatedly.
#[derive(Clone, Debug)]
pub struct Program {
    name: String,
    executable: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<String, String>,
    log_directory: PathBuf,
    directory: Option<PathBuf>,
}

impl Program {
    /// Returns a program without arguments. PATH is searched for an `executable` without a slash. `name` appears in
    /// messages and names the log file in `log_directory`.
    pub fn new(name: &str, executable: impl Into<PathBuf>, log_directory: &Path) -> Self {
        Self {
            name: name.to_owned(),
            executable: executable.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            log_directory: log_directory.to_owned(),
            directory: None,
        }
    }

    /// Adds an argument.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Adds an environment variable.
    pub fn variable(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds environment variables.
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Sets a directory that the watcher removes if this process ends without dropping it.
    pub fn owning(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    pub(super) fn set_variable(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.environment.insert(name.to_owned(), value.to_owned()),
            None => self.environment.remove(name),
        };
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    pub(super) fn log_path(&self) -> PathBuf {
        self.log_directory.join(format!("{}.log", self.name))
    }

    /// Returns the command, without the `GATEWAY_` variables of this process: only the test sets them.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GATEWAY_") {
                command.env_remove(&name);
            }
        }
        command.args(&self.arguments).envs(&self.environment);
        command
    }
}
