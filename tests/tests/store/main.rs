//! The promises of the store, kept on both databases, and what only a real server can show.

// Helpers fail tests too, and their modules are seen by this binary only.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod contention;
mod door;
mod elections;
mod following;
mod given;
mod grant_life;
mod grants;
mod leases;
mod numbering;
mod operations;
mod outage;
mod plans;
mod raw;
mod reading;
mod registry;
mod schema;
mod seen;
mod sight;
mod stage;
mod untouched;
mod wishes;

/// Every test on each database: `sqlite::x` and `mysql::x`.
macro_rules! on_both {
    ($($idea:ident: $($name:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$idea::$name(crate::stage::Stage::sqlite().await).await;
            })+)+
        }
        mod mysql {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$idea::$name(crate::stage::Stage::mysql(stringify!($name)).await).await;
                gateway_tests::ledger::ran_on("mysql", concat!("store::", stringify!($name)));
            })+)+
        }
    };
}

on_both! {
    schema:
        migrating_again_changes_nothing,
        processes_that_start_together_migrate_once,
        nothing_is_there_before_the_migration,
        what_was_listed_before_it_could_be_searched_is_listed_anew;
    registry:
        a_cloud_is_read_back_as_it_was_registered,
        names_are_taken_once,
        names_compare_by_byte,
        clients_are_listed_disabled_and_allowed_again,
        a_revoked_token_is_known_until_it_expires,
        revoking_all_ends_tokens_of_this_very_second;
    grants:
        a_grant_makes_its_account_and_targets_once,
        two_principals_share_an_account_and_its_targets,
        what_a_credential_may_not_list_gets_no_target,
        a_grant_is_told_of_when_access_changes_only,
        eight_first_grants_at_once_make_one_account;
    grant_life:
        a_due_grant_is_claimed_once,
        the_second_refusal_in_a_row_ends_a_grant,
        a_verification_forgives_a_refusal,
        what_nobody_could_say_never_ends_a_grant,
        a_late_refusal_does_not_end_a_new_credential,
        renewing_brings_no_ended_grant_back,
        a_suspected_grant_is_due_at_once,
        a_seal_is_replaced_unless_the_credential_changed;
    leases:
        a_target_is_claimed_by_one_of_eight,
        a_lease_that_ran_out_is_anybodys,
        who_lost_a_lease_writes_nothing,
        a_renewed_lease_stays,
        a_finished_target_waits_for_its_time,
        busy_accounts_are_left_out,
        a_party_gets_as_many_as_it_has_places,
        a_postponed_target_is_due_later_and_otherwise_the_same,
        an_unanswered_wish_makes_it_due_at_once;
    wishes:
        a_wish_makes_just_its_target_due_and_is_granted_once,
        a_wish_during_a_listing_asks_for_another_only_if_it_began_too_early,
        what_failed_a_moment_ago_is_not_tried_again_at_once,
        a_wish_brings_the_next_attempt_forward_and_lengthens_no_backoff,
        a_wish_for_many_takes_as_few_statements_as_one,
        clocks_are_kept_by_endpoint;
    elections:
        a_target_that_nobody_may_list_is_parked_until_somebody_may,
        the_elected_credential_stays,
        an_elected_credential_stays_among_many,
        a_pause_that_the_cloud_asked_for_is_handed_on;
    door:
        a_record_counts_its_versions,
        each_written_record_has_one_event_and_unwritten_ones_none,
        what_is_older_than_the_record_is_refused,
        a_record_that_comes_back_goes_on_counting,
        a_holder_has_a_record_of_its_own,
        one_record_twice_in_an_observation_counts_once,
        a_long_name_is_found_by_all_of_it,
        what_was_missing_is_remembered_until_it_is_back;
    contention:
        eight_writers_of_one_record_leave_one_event_a_version,
        eight_writers_of_a_record_that_comes_and_goes_leave_no_version_twice,
        batches_in_opposite_order_all_succeed;
    untouched:
        the_same_again_writes_no_row;
    numbering:
        positions_have_no_holes_and_follow_versions,
        relays_that_take_turns_number_each_event_once,
        a_leader_who_was_overtaken_numbers_nothing,
        one_relay_leads_at_a_time,
        an_idle_outbox_has_no_work;
    following:
        a_follower_sees_what_its_filter_lets_through,
        pages_go_on_where_the_last_ended,
        a_purge_leaves_a_gap_that_is_told,
        what_is_not_published_is_not_purged;
    reading:
        pages_over_targets_lose_and_double_nothing,
        records_that_come_and_go_between_pages_disturb_no_other,
        filters_choose_by_state_and_name,
        filters_choose_by_terms_and_parts_of_names,
        any_order_loses_and_doubles_nothing,
        names_that_differ_in_blanks_alone_are_not_one_name,
        terms_follow_their_records,
        a_resource_is_read_with_all_its_holders;
    sight:
        only_kinds_that_the_own_credential_may_list_are_seen,
        anothers_account_is_not_seen,
        what_is_published_is_seen_by_kind_and_region,
        an_ended_grant_ends_what_was_seen;
    operations:
        of_many_with_one_key_one_is_new,
        a_request_that_comes_again_finds_its_operation,
        an_operation_is_worked_on_by_one,
        keeping_what_was_given_back_changes_nothing,
        who_died_may_have_asked_until_its_lease_ended,
        what_nobody_knows_is_looked_at_again,
        operations_are_forgotten_and_the_audit_is_not;
    plans:
        no_hot_query_scans;
}
