//! The migrations are built in: without this, a changed one would wait for a change of code.

#[allow(clippy::print_stdout)] // the way to speak to cargo
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
