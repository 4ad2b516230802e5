//! Memory of a process, as the kernel reports it.

use std::fs;

const KIB: u64 = 1024;

/// Resident memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The present amount.
    pub resident_bytes: u64,
    /// The part that is not mapped from files. Program code is mapped.
    pub anonymous_bytes: u64,
    /// The maximum since the start or since [`reset_peak`].
    pub peak_bytes: u64,
}

impl Memory {
    /// Reads the memory of process `pid`.
    pub fn of(pid: u32) -> Self {
        let bytes = |key: &str| {
            let text = status(pid, key);
            let kib: Option<u64> = text.split_whitespace().next().and_then(|kib| kib.parse().ok());
            kib.unwrap_or_else(|| panic!("{key} of process {pid} is {text}")) * KIB
        };
        Self {
            resident_bytes: bytes("VmRSS:"),
            anonymous_bytes: bytes("RssAnon:"),
            peak_bytes: bytes("VmHWM:"),
        }
    }
}

/// Returns the value of a key such as `State:` in `/proc/PID/status`.
pub(crate) fn status(pid: u32, key: &str) -> String {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_else(|| panic!("{path} has no {key}; the process may have ended")).trim().to_owned()
}

/// Resets the peak of `pid` to its present amount.
pub fn reset_peak(pid: u32) {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").unwrap_or_else(|error| panic!("{path}: {error}"));
}
