//! The promises of the bus, kept by both implementations, and what only a real broker can show.

// Helpers fail tests too, and their modules are seen by this binary only.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod broker;
mod on_broker;
mod outages;
mod scenarios;
mod stage;

/// Every scenario as a test on each bus.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::scenarios::$name(crate::stage::Stage::memory()).await;
            })+
        }
        mod on_rabbit {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::scenarios::$name(crate::stage::Stage::rabbit().await).await;
                crate::broker::record(stringify!($name));
            })+
        }
    };
}

on_both![
    many_callers_at_once_get_their_own_replies,
    no_answer_in_time_is_a_timeout,
    a_request_is_unroutable_while_nobody_serves,
    a_request_whose_deadline_passed_while_it_waited_is_dropped,
    a_read_that_ends_in_a_panic_comes_back_once,
    a_write_that_ends_in_a_panic_comes_back_three_times,
    stop_answers_what_is_in_hand_and_leaves_the_rest_to_others,
    events_arrive_in_order_by_pattern,
    events_that_nobody_follows_are_published_all_the_same,
    nudges_reach_all,
    a_sealed_request_opens_at_the_handler,
    an_envelope_of_another_version_is_answered_400,
    close_ends_what_is_pending,
];
