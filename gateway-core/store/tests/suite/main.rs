//! The suite of the store, run on SQLite and MySQL, with tests that only a real server allows.

// Helpers may panic and print figures, and their modules are visible to this executable only.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod authority;
mod cloud_clocks;
mod clouds_and_clients;
mod credential_election;
mod database_outage;
mod database_silence;
mod due_by_endpoint;
mod event_log;
mod event_relay;
mod fixtures;
mod grant_verification;
mod grants;
mod migrations;
mod operations;
mod poll_claim;
mod proxy;
mod purge;
mod query_plans;
mod recording;
mod refresh_request;
mod resource_apply;
mod resource_contention;
mod resource_listing;
mod sightings;
mod sql;
mod test_store;
mod unchanged_poll;

/// Runs every test on each database: `sqlite::x` and `mysql::x`.
macro_rules! on_both {
    ($($file:ident: $($name:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$file::$name(crate::test_store::TestStore::sqlite().await).await;
            })+)+
        }
        mod mysql {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::$file::$name(crate::test_store::TestStore::mysql(stringify!($name)).await).await;
                gateway_tests::ledger::ran_on("mysql", concat!("store::", stringify!($name)));
            })+)+
        }
    };
}

on_both! {
    migrations:
        second_migration_changes_nothing,
        concurrent_migrations_apply_once,
        missing_schema_is_an_internal_error,
        search_migration_makes_targets_due;
    clouds_and_clients:
        registered_cloud_keeps_every_field,
        concurrent_registrations_of_one_name_succeed_once,
        names_compare_by_byte,
        clients_are_listed_disabled_and_enabled,
        revoked_token_is_kept_until_it_expires,
        revocation_of_all_covers_tokens_of_the_present_second;
    grants:
        repeated_grant_creates_account_and_targets_once,
        two_principals_share_an_account_and_its_targets,
        unlistable_kind_gets_no_target,
        grant_event_follows_changed_access_only,
        concurrent_first_grants_create_one_account,
        change_of_access_during_a_grant_is_reported,
        grant_that_ends_during_its_record_is_created_again,
        target_that_is_suspended_during_a_grant_is_due;
    grant_verification:
        due_grant_is_claimed_once,
        second_consecutive_refusal_ends_the_grant,
        verification_resets_refusals,
        postponed_verification_never_ends_the_grant,
        late_refusal_does_not_affect_the_new_credential,
        renewal_does_not_revive_an_ended_grant,
        suspected_grant_is_due_at_once,
        reseal_is_refused_after_the_credential_changed;
    poll_claim:
        target_is_claimed_by_one_of_eight_processes,
        expired_lease_is_claimed_by_another_process,
        overtaken_lease_holder_writes_nothing,
        renewed_lease_is_kept,
        finished_target_is_due_after_its_interval,
        postponed_target_is_due_later_and_otherwise_unchanged,
        unanswered_refresh_request_makes_the_target_due_at_once;
    due_by_endpoint:
        targets_of_full_endpoint_are_left_out,
        targets_of_full_holder_are_left_out,
        holder_gets_no_more_than_its_slots,
        grants_of_full_identity_service_are_left_out,
        operations_of_full_endpoints_and_accounts_are_left_out,
        search_does_not_walk_over_work_of_a_full_endpoint;
    refresh_request:
        refresh_request_makes_only_its_target_due_and_is_answered_once,
        refresh_request_during_a_listing_repeats_only_an_early_listing,
        refresh_request_after_a_recent_failure_waits,
        refresh_request_brings_an_attempt_forward_without_longer_backoff,
        refresh_request_for_many_targets_takes_three_statements;
    cloud_clocks:
        clocks_are_kept_by_endpoint;
    credential_election:
        target_without_able_credential_is_suspended_until_a_grant,
        elected_credential_stays_while_it_is_able,
        elected_credential_stays_among_many,
        published_resources_are_listed_with_another_account_after_failures,
        account_pause_is_part_of_the_claim;
    resource_apply:
        each_change_raises_the_version,
        each_written_record_has_one_event_and_unchanged_ones_none,
        sighting_older_than_the_record_is_refused,
        recreated_record_continues_its_versions,
        each_holder_has_its_own_record,
        last_sighting_of_a_record_counts,
        long_name_is_found_by_its_whole_text,
        missing_record_is_kept_until_it_is_seen_again;
    resource_contention:
        concurrent_updates_of_one_record_have_distinct_versions,
        concurrent_creates_and_deletes_have_distinct_versions,
        batches_in_opposite_order_all_succeed;
    unchanged_poll:
        unchanged_poll_writes_no_resource_row;
    event_relay:
        positions_have_no_gaps_and_follow_versions,
        alternating_relays_number_each_event_once,
        overtaken_leader_numbers_nothing,
        one_relay_leads_at_a_time,
        idle_outbox_has_no_work;
    event_log:
        follower_sees_only_the_events_of_its_holders,
        follower_sees_no_events_of_a_kind_that_it_may_not_list,
        follower_of_many_accounts_sees_the_same_events,
        next_page_of_the_log_starts_after_the_last_one,
        purge_leaves_a_reported_gap,
        unpublished_event_is_not_purged;
    purge:
        purge_is_faster_than_events_are_written,
        purge_is_faster_than_records_are_deleted,
        mass_deletion_leaves_tombstones_that_are_removed_in_batches;
    resource_listing:
        pages_over_targets_hold_each_record_once,
        changes_between_pages_do_not_affect_other_records,
        listing_is_filtered_by_state_and_name,
        listing_is_filtered_by_terms_and_parts_of_names,
        every_sort_order_holds_each_record_once,
        names_that_differ_only_in_blanks_are_distinct,
        terms_follow_their_records,
        pages_of_many_targets_follow_the_whole_order,
        resource_is_read_with_the_records_of_all_holders,
        resource_of_many_holders_costs_as_much_as_one_of_few;
    authority:
        only_listable_kinds_of_the_own_credential_are_visible,
        account_of_another_principal_is_not_visible,
        published_targets_are_visible_by_kind_and_region,
        ended_grant_ends_visibility,
        generation_rises_with_every_change_of_visibility,
        changes_of_targets_are_listed_by_their_time;
    operations:
        concurrent_requests_with_one_key_begin_one_operation,
        repeated_request_finds_its_operation,
        operation_is_claimed_by_one_process,
        renewal_of_a_returned_lease_changes_nothing,
        processes_of_an_account_are_counted_while_they_work_and_shortly_after,
        call_of_a_dead_process_counts_until_its_lease_ended,
        unknown_operation_is_due_again,
        purge_removes_operations_and_keeps_the_audit;
    query_plans:
        hot_queries_use_indexes;
}
