//! The tables as diesel sees them, in step with both folders of `migrations/`.

diesel::table! {
    clouds (id) {
        id -> Binary,
        name -> Text,
        driver -> Text,
        endpoint -> Text,
        regions -> Text,
        allowed_hosts -> Text,
        options -> Text,
        allow_plaintext -> Bool,
        require_date -> Bool,
        calls_per_second -> Double,
        timeout_ms -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    regions (cloud_id, name) {
        cloud_id -> Binary,
        name -> Text,
        first_seen_at -> BigInt,
    }
}

diesel::table! {
    principals (id) {
        id -> Binary,
        name -> Text,
        secret_hash -> Binary,
        disabled -> Bool,
        tokens_from -> BigInt,
        created_at -> BigInt,
        generation -> BigInt,
    }
}

diesel::table! {
    revoked_tokens (id) {
        id -> Binary,
        principal_id -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    accounts (id) {
        id -> Binary,
        cloud_id -> Binary,
        external_id -> Text,
        name -> Text,
        paused_until -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    credentials (id) {
        id -> Binary,
        principal_id -> Binary,
        account_id -> Binary,
        sealed -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    grants (principal_id, account_id) {
        principal_id -> Binary,
        account_id -> Binary,
        cloud_id -> Binary,
        credential_id -> Binary,
        access -> Text,
        refusals -> Integer,
        verified_at -> BigInt,
        verify_at -> BigInt,
    }
}

diesel::table! {
    poll_targets (id) {
        id -> BigInt,
        cloud_id -> Binary,
        region -> Text,
        holder -> Binary,
        kind -> Text,
        credential_id -> Nullable<Binary>,
        listed_by -> Nullable<Binary>,
        lease_owner -> Nullable<Binary>,
        lease_epoch -> BigInt,
        lease_until -> BigInt,
        due_at -> BigInt,
        wanted_at -> BigInt,
        status -> Text,
        reason -> Nullable<Text>,
        as_of -> Nullable<BigInt>,
        interval_ms -> BigInt,
        failures -> Integer,
        agreeing -> Integer,
        changed_at -> BigInt,
    }
}

diesel::table! {
    resources (target_id, id) {
        target_id -> BigInt,
        id -> Binary,
        native_key -> Text,
        name -> Text,
        state -> Nullable<Text>,
        version -> BigInt,
        hash -> Binary,
        observed_at -> BigInt,
        changed_at -> BigInt,
        document -> Text,
        raw -> Text,
        name_key -> Text,
        created_at -> BigInt,
        terms -> Binary,
    }
}

diesel::table! {
    resource_terms (target_id, term, id) {
        target_id -> BigInt,
        term -> BigInt,
        id -> Binary,
    }
}

diesel::table! {
    missing_resources (target_id, id) {
        target_id -> BigInt,
        id -> Binary,
        missed_at -> BigInt,
    }
}

diesel::table! {
    tombstones (target_id, id) {
        target_id -> BigInt,
        id -> Binary,
        version -> BigInt,
        observed_at -> BigInt,
    }
}

diesel::table! {
    events (seq) {
        seq -> BigInt,
        id -> Binary,
        position -> Nullable<BigInt>,
        target_id -> BigInt,
        cloud_id -> Binary,
        region -> Text,
        holder -> Binary,
        kind -> Text,
        resource_id -> Binary,
        version -> BigInt,
        change_name -> Text,
        old_state -> Nullable<Text>,
        new_state -> Nullable<Text>,
        at -> BigInt,
        document -> Nullable<Text>,
        principal_id -> Nullable<Binary>,
    }
}

diesel::table! {
    cloud_clocks (cloud_id, endpoint) {
        cloud_id -> Binary,
        endpoint -> Text,
        skew_us -> Nullable<BigInt>,
        uncertainty_us -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    leaders (name) {
        name -> Text,
        lease_owner -> Nullable<Binary>,
        lease_epoch -> BigInt,
        lease_until -> BigInt,
        numbered -> BigInt,
        published -> BigInt,
    }
}

diesel::table! {
    operations (id) {
        id -> Binary,
        principal_id -> Binary,
        message_id -> Binary,
        idempotency_key -> Nullable<Text>,
        digest -> Binary,
        account_id -> Binary,
        cloud_id -> Binary,
        region -> Text,
        kind -> Text,
        verb -> Text,
        resource_id -> Nullable<Binary>,
        state -> Text,
        sealed -> Text,
        attempts -> Integer,
        lease_owner -> Nullable<Binary>,
        lease_epoch -> BigInt,
        due_at -> BigInt,
        accepted_at -> BigInt,
        sent_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        made -> Text,
        status -> Nullable<Integer>,
        answer -> Nullable<Text>,
        cloud_words -> Nullable<Text>,
    }
}

diesel::table! {
    audit (seq) {
        seq -> BigInt,
        at -> BigInt,
        operation_id -> Binary,
        principal_id -> Binary,
        principal_name -> Text,
        account_id -> Binary,
        cloud_id -> Binary,
        region -> Text,
        kind -> Text,
        verb -> Text,
        resource_id -> Nullable<Binary>,
        digest -> Binary,
        outcome -> Text,
        status -> Nullable<Integer>,
        cloud_code -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    clouds,
    regions,
    principals,
    revoked_tokens,
    accounts,
    credentials,
    grants,
    poll_targets,
    resources,
    resource_terms,
    missing_resources,
    tombstones,
    events,
    cloud_clocks,
    leaders,
    operations,
    audit
);
