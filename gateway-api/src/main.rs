//! The one binary of Cloud Gateway: every role and every administrative command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway_api::cli::main()
}
