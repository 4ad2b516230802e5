//! The limit of open files, of which each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The files beside connections: those to broker, database and clouds, and of uploads. More leave fewer to clients; fewer
/// let clients keep the process from reaching its own servers.
const RESERVED: u64 = 256;

/// Raises the process's limit of open files as far as the system allows without privileges. Returns the number of
/// connections that fit, which is at most `wanted`.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    // The lower limit is for programs that use `select`.
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = setrlimit(Resource::Nofile, raised).map_or(limit.current, |()| raised.current);
    let fit = fitting(files, wanted);
    if fit < wanted {
        tracing::warn!(
            files,
            count = fit,
            "the limit of open files does not allow `front.max_connections`; raise the limit or lower the setting"
        );
    }
    fit
}

/// Returns the connections that fit into a number of files; none stands for any number.
fn fitting(files: Option<u64>, wanted: usize) -> usize {
    let Some(files) = files else { return wanted };
    let fit = files.saturating_sub(RESERVED.min(files / 2));
    usize::try_from(fit).map_or(wanted, |fit| fit.min(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_other_purposes() {
        for (files, expected) in [(None, 5000), (Some(1024), 768), (Some(100), 50), (Some(100_000), 5000)] {
            assert_eq!(fitting(files, 5000), expected, "{files:?}");
        }
    }
}
