//! Tests of the guarantees of the bus on both implementations, and of those that need a real broker.

// Test helpers may fail tests, and only this binary sees their modules.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod both_buses;
mod broker;
mod channel_closer;
mod channel_closures;
mod direct_publishing;
mod environment;
mod message_limits;
mod outages;

/// Runs every function of [`both_buses`] on each bus.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::both_buses::$name(crate::environment::Environment::memory()).await;
            })+
        }
        mod on_rabbit {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::both_buses::$name(crate::environment::Environment::rabbit().await).await;
                crate::broker::record(stringify!($name));
            })+
        }
    };
}

on_both![
    concurrent_callers_get_their_own_replies,
    request_without_answer_times_out,
    request_without_handler_is_unroutable,
    request_is_dropped_after_its_deadline,
    requests_that_wait_for_a_cloud_delay_no_other,
    panicking_read_is_redelivered_once,
    panicking_write_is_redelivered_three_times,
    stop_finishes_requests_in_progress_and_leaves_the_rest,
    events_arrive_in_order_by_pattern,
    events_without_subscriber_are_published,
    events_that_no_broker_takes_are_refused_alone,
    events_of_the_longest_names_arrive,
    reply_that_is_too_large_is_an_error_of_its_request_alone,
    request_that_is_too_large_is_refused_alone,
    nudges_reach_every_process,
    last_of_many_nudges_reaches_other_processes,
    sealed_request_opens_at_the_handler,
    envelope_of_another_version_is_answered_with_400,
    close_ends_pending_requests,
];
