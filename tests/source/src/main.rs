//! Checks of the source that compiler and clippy do not have: language, import circles, layers, kinds.
//!
//! `deploy/dev check` runs it from the root of the repository. Arguments are folders: only findings in them are
//! printed. Each check is a function from source text to findings, and its unit tests show both a tree that passes
//! and a tree that fails.

mod circles;
mod documents;
mod finding;
mod kinds;
mod language;
mod layers;
mod limit;
mod modules;
mod paths;
mod tokens;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use finding::Finding;
use workspace::Workspace;

#[expect(clippy::print_stdout, reason = "the findings are the program's output")]
fn main() -> Result<ExitCode> {
    let folders: Vec<_> = std::env::args().skip(1).collect();
    let workspace = Workspace::read(Path::new("."))?;
    let mut findings = check(&workspace)?;
    findings.retain(|finding| {
        folders.is_empty() || folders.iter().any(|folder| finding.file.starts_with(folder))
    });
    for finding in &findings {
        println!("{finding}");
    }
    let files = workspace.crates.iter().flat_map(|one| &one.files);
    let lines: usize = files.map(|file| file.text.lines().count()).sum();
    println!("source: {} crates, {lines} lines, {} findings", workspace.crates.len(), findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = language::check(workspace)?;
    findings.extend(documents::check(workspace)?);
    for one in &workspace.crates {
        findings.extend(circles::check(one));
        findings.extend(layers::check(one));
        findings.extend(kinds::check(one));
    }
    Ok(findings)
}
