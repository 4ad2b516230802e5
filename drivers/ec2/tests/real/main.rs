//! The driver at an EC2 API that others wrote, such as moto's.
//!
//! Runs only with `GATEWAY_TEST_EC2` set to an endpoint where everything may be changed, and `GATEWAY_TEST_EC2_PYTHON` to a
//! Python that has boto3. Each test has a region of its own and leaves it as it was.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // test helpers are tests

mod boto;
mod conformance;
mod environment;
mod image;
mod instance;
mod listing;
mod network;
mod router;
mod runner;
mod security_group;
mod ssh_key;
mod validation;
mod volume;
