//! Every verb against an EC2 that others wrote: the life of each kind, from its order to its end.
//!
//! Runs only with `GATEWAY_TEST_EC2` set to an endpoint of which all may be changed (moto's, say) and
//! `GATEWAY_TEST_EC2_PYTHON` to a Python that has boto3. Each test has a region to itself, and leaves it as it was.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers of tests are tests

mod hand;
mod instances;
mod networks;
mod others;
mod storage;
mod suite;
