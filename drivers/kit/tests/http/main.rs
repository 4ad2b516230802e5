//! The kit against servers that misbehave byte by byte.

#![allow(clippy::unwrap_used)] // all of this is test code, also what no test attribute marks

mod clocks;
mod sending;
mod support;
