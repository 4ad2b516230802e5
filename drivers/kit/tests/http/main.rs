//! The kit against servers that misbehave byte by byte.

mod clocks;
mod sending;
mod support;
