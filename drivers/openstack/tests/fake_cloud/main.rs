//! The driver at a cloud that can be told what to answer.

#![allow(clippy::unwrap_used)] // all of this is test code, also what no test attribute marks

mod again;
mod cloud;
mod listings;
mod tokens;
mod writes;
