-- The tables of the first release, in groups: accounts, logins, phones and cabins, tariffs, the register, sessions, calls, activity, the ledger,
-- changes, webhooks, settings. The rows in entity/src describe the columns.
--
-- {words in braces} are types that differ between SQLite and PostgreSQL, and {sqlite …} and {postgres …} enclose text for one of them
-- (src/lib.rs). Money is BIGINT, in units of 10⁻⁶. SQLite tables are STRICT, so that a money column accepts only integers. Ids are UUIDv7,
-- which are ordered by time. A parent comes before its children, because examples/sqlite-to-postgres copies the tables in this order.
--
-- A column that refers to a row has a foreign key, except in the tables that every call writes: `call`, `live_call`, `call_sighting`, `activity`,
-- `activity_head`, and the ledger. There, each foreign key would make each insert also read and lock (FOR KEY SHARE) a row that all calls of a shop
-- share. `callshop audit` checks those references instead (store/src/invariants.rs), except references to calls that
-- retention removed. tests/tests/server/tables.rs lists every column without a key. Only `tariff_import.version_id` has an ON DELETE action, because
-- a draft may be discarded. No other row is ever deleted while rows refer to it, and deleting one by hand must fail.


-- Accounts: the platform, distributors, resellers and callshops, as a tree.

CREATE TABLE account (
    id {uuid} NOT NULL,
    parent_id {uuid} REFERENCES account,
    path TEXT{bytes} NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    country TEXT NOT NULL,
    -- these refer to a table that is created later; on PostgreSQL, the foreign keys are added after that table
    cost_tariff_id {uuid}{sqlite  REFERENCES tariff DEFERRABLE},
    retail_tariff_id {uuid}{sqlite  REFERENCES tariff DEFERRABLE},
    credit_limit BIGINT,
    low_credit BIGINT,
    -- whether the account's credit was low at the last check; the account's feed gets an event when this becomes true
    credit_low {bool} NOT NULL DEFAULT {false},
    suspended_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX account_code ON account (code);
CREATE UNIQUE INDEX account_path ON account (path);
CREATE INDEX account_parent ON account (parent_id);
-- finds the accounts that have a threshold for low credit
CREATE INDEX account_low_credit ON account (id) WHERE low_credit IS NOT NULL AND kind <> 'CALLSHOP';

-- The part of an account that only callshops have.
CREATE TABLE callshop (
    account_id {uuid} NOT NULL REFERENCES account,
    dial_plan {json} NOT NULL,
    max_call_seconds {int} NOT NULL,
    blocked_prefixes {json} NOT NULL,
    caller_id TEXT NOT NULL,
    mask_numbers {bool} NOT NULL DEFAULT {false},
    ending_soon_seconds {int},
    next_shift_number BIGINT NOT NULL,
    next_receipt_number BIGINT NOT NULL,
    cash_step BIGINT,
    attendant_max_discount BIGINT NOT NULL DEFAULT 0,
    attendant_max_refund BIGINT NOT NULL DEFAULT 0,
    legal_name TEXT NOT NULL DEFAULT '',
    tax_id TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    receipt_footer TEXT NOT NULL DEFAULT '',
    -- either all three columns are set, or none is
    pix_key TEXT,
    pix_name TEXT,
    pix_city TEXT,
    PRIMARY KEY (account_id)
){strict};


-- Users and their logins.

CREATE TABLE user_account (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL REFERENCES account,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- the language of messages; null means the account's language
    locale TEXT,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled_at {time},
    failed_logins {int} NOT NULL,
    last_failed_at {time},
    -- the second factor, which has been on since totp_since
    totp_seed TEXT,
    totp_since {time},
    totp_step BIGINT,
    recovery_hashes TEXT,
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX user_account_name ON user_account (account_id, name);

CREATE TABLE auth_session (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL REFERENCES user_account,
    refresh_hash TEXT NOT NULL,
    generation BIGINT NOT NULL DEFAULT 0,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at {time} NOT NULL,
    last_used_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time},
    -- the cabin of a customer's screen
    cabin_id {uuid}{sqlite  REFERENCES cabin DEFERRABLE},
    PRIMARY KEY (id)
){strict};
CREATE INDEX auth_session_cabin ON auth_session (cabin_id) WHERE cabin_id IS NOT NULL;
CREATE INDEX auth_session_user ON auth_session (user_id);
CREATE INDEX auth_session_revoked ON auth_session (revoked_at) WHERE revoked_at IS NOT NULL;

-- API tokens of programs. A rotation makes a new row and shortens the life of the old one.
CREATE TABLE api_token (
    id {uuid} NOT NULL,
    family_id {uuid} NOT NULL REFERENCES api_token,
    account_id {uuid} NOT NULL REFERENCES account,
    created_by {uuid} NOT NULL REFERENCES user_account,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes {json} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    last_used_at {time},
    revoked_at {time},
    maker_disabled_at {time},
    rotated_from_id {uuid} REFERENCES api_token,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX api_token_secret ON api_token (secret_hash);
CREATE INDEX api_token_account ON api_token (account_id, id);
CREATE INDEX api_token_family ON api_token (family_id);
CREATE UNIQUE INDEX api_token_rotated ON api_token (rotated_from_id) WHERE rotated_from_id IS NOT NULL;
CREATE INDEX api_token_maker ON api_token (created_by);
-- every node repeatedly reads the tokens that ended since its previous read
CREATE INDEX api_token_expires ON api_token (expires_at);
CREATE INDEX api_token_revoked ON api_token (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_token_maker_disabled ON api_token (maker_disabled_at) WHERE maker_disabled_at IS NOT NULL;

-- Used tickets of event streams, until they expire.
CREATE TABLE used_ticket (
    id {uuid} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

-- Failed logins with names that do not exist, in a bounded number of buckets.
CREATE TABLE login_failure (
    bucket BIGINT NOT NULL,
    failures {int} NOT NULL,
    last_failed_at {time} NOT NULL,
    PRIMARY KEY (bucket)
){strict};

-- The words of names, in lower case and without accents (billing/src/words.rs). A word's objects are listed by owner. An account is listed for
-- itself and for each account above it, so that a search below any account is a range of the primary key. `object_id` refers to the table that `kind`
-- names.
CREATE TABLE search_word (
    kind TEXT NOT NULL,
    owner_id {uuid} NOT NULL REFERENCES account,
    word TEXT{bytes} NOT NULL,
    object_id {uuid} NOT NULL,
    PRIMARY KEY (kind, owner_id, word, object_id)
){strict};
-- the words of one object, to check objects that another filter found, and to replace the words when a name changes
CREATE INDEX search_word_object ON search_word (object_id, word);


-- Phones, and the cabins that they are in.

CREATE TABLE phone (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    sip_user TEXT NOT NULL,
    label TEXT NOT NULL,
    realm TEXT NOT NULL,
    ha1 TEXT NOT NULL,
    blocked_at {time},
    online {bool} NOT NULL,
    online_changed_at {time},
    contact TEXT,
    source TEXT,
    user_agent TEXT,
    proxy TEXT,
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX phone_sip_user ON phone (sip_user);
CREATE INDEX phone_callshop ON phone (callshop_id, id);

CREATE TABLE cabin (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    number {int} NOT NULL,
    label TEXT NOT NULL,
    phone_id {uuid} REFERENCES phone,
    out_of_service {bool} NOT NULL,
    retired_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX cabin_number ON cabin (callshop_id, number) WHERE retired_at IS NULL;
-- without this index, PostgreSQL would read the cabins of all callshops in order, until it has found a page of one callshop's cabins
CREATE INDEX cabin_callshop ON cabin (callshop_id, id) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX cabin_phone ON cabin (phone_id) WHERE phone_id IS NOT NULL;
-- deferrable, so that one transaction can copy logins before cabins
{postgres ALTER TABLE auth_session ADD FOREIGN KEY (cabin_id) REFERENCES cabin DEFERRABLE};


-- Tariffs. A version never changes, so everything that prices a call is in the version and its rates.

CREATE TABLE tariff (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL REFERENCES account,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    blocked_prefixes {json} NOT NULL,
    -- rounding, time zone, bands and holidays of the first version, which is created later
    first_terms {json} NOT NULL,
    created_at {time} NOT NULL,
    last_number {int},
    archived_at {time},
    PRIMARY KEY (id)
){strict};
CREATE INDEX tariff_account ON tariff (account_id, id);
-- deferrable, so that one transaction can copy accounts before their tariffs
{postgres ALTER TABLE account
    ADD FOREIGN KEY (cost_tariff_id) REFERENCES tariff DEFERRABLE,
    ADD FOREIGN KEY (retail_tariff_id) REFERENCES tariff DEFERRABLE};

CREATE TABLE tariff_version (
    id {uuid} NOT NULL,
    tariff_id {uuid} NOT NULL REFERENCES tariff,
    number {int} NOT NULL,
    active_from {time},
    -- whether the owner's feed has yet to get the event that the scheduled version took effect
    starts_later {bool} NOT NULL DEFAULT {false},
    rounding_decimals {int} NOT NULL,
    rounding_mode TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    bands {json} NOT NULL,
    holidays {json} NOT NULL,
    rate_count {int} NOT NULL,
    note TEXT NOT NULL,
    base_version_id {uuid} REFERENCES tariff_version,
    -- for a derived version: the version of the source, and the revision of the rule
    source_version_id {uuid} REFERENCES tariff_version ON DELETE SET NULL,
    source_revision {int},
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX tariff_version_number ON tariff_version (tariff_id, number);
-- finds the version in force, which each call needs at each level
CREATE INDEX tariff_version_in_force ON tariff_version (tariff_id, active_from, number);
-- finds the versions that take effect soon
CREATE INDEX tariff_version_beginning ON tariff_version (active_from);
CREATE INDEX tariff_version_starts_later ON tariff_version (active_from) WHERE starts_later;
CREATE INDEX tariff_version_source ON tariff_version (source_version_id) WHERE source_version_id IS NOT NULL;

-- Tariffs whose prices follow another tariff.
CREATE TABLE tariff_derivation (
    tariff_id {uuid} NOT NULL REFERENCES tariff,
    -- null means the cost tariff of the tariff's owner
    source_tariff_id {uuid} REFERENCES tariff,
    rule {json} NOT NULL,
    automatic {bool} NOT NULL,
    -- one more after each change to the rule or the source
    revision {int} NOT NULL,
    -- the source's versions that the tariff follows: ids and times
    followed {json},
    -- why the tariff does not follow its source
    problem {json},
    -- the time until which a node works on the derivation, or the time of the next attempt
    next_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (tariff_id)
){strict};
CREATE INDEX tariff_derivation_source ON tariff_derivation (source_tariff_id) WHERE source_tariff_id IS NOT NULL;

CREATE TABLE rate (
    -- no foreign key: the rates of a version are written in blocks, before the version, and a foreign key would check each row, of which there may be
    -- millions. `callshop audit` checks the versions instead
    version_id {uuid} NOT NULL,
    prefix TEXT{bytes} NOT NULL,
    destination TEXT NOT NULL,
    price_per_minute BIGINT NOT NULL,
    -- price per minute of the initial increment; null means price_per_minute
    initial_price BIGINT,
    connection_fee BIGINT NOT NULL,
    initial_increment {int} NOT NULL,
    increment {int} NOT NULL,
    minimum_charge BIGINT NOT NULL,
    free_seconds {int} NOT NULL,
    band_prices {json} NOT NULL,
    PRIMARY KEY (version_id, prefix)
){strict};

-- Versions whose rates are being written. A version's rates are written in many short transactions before the version itself. If the program dies in
-- between, upkeep finds the rates by this row and deletes them.
CREATE TABLE unfinished_version (
    id {uuid} NOT NULL,
    begun_at {time} NOT NULL,
    discarded {bool} NOT NULL DEFAULT {false},
    PRIMARY KEY (id)
){strict};

-- Mappings of carriers' decks that were saved under a name.
CREATE TABLE tariff_mapping (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL REFERENCES account,
    name TEXT NOT NULL,
    mapping {json} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX tariff_mapping_name ON tariff_mapping (account_id, name);

-- Imports of rate decks as jobs. Upkeep deletes the jobs some weeks after their end.
CREATE TABLE tariff_import (
    id {uuid} NOT NULL,
    tariff_id {uuid} NOT NULL REFERENCES tariff,
    created_by {uuid} REFERENCES user_account,
    created_with {uuid} REFERENCES api_token,
    -- the login or the API token for which the job works
    auth_session_id {uuid} REFERENCES auth_session,
    api_token_id {uuid} REFERENCES api_token,
    state TEXT NOT NULL,
    input {json} NOT NULL,
    file_name TEXT,
    -- the node that has the file, and when that node last reported that the job is alive; no node has the file of a job that no longer needs it
    node {uuid},
    heartbeat_at {time} NOT NULL,
    -- the job fails at this time if the file has not been uploaded or the questions have not been answered; the file of a checked job is deleted
    expires_at {time} NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_total BIGINT,
    report {json},
    error {json},
    version_id {uuid} REFERENCES tariff_version ON DELETE SET NULL,
    -- the ids of all versions of an import by date, some of which may have been discarded since
    scheduled {json},
    created_at {time} NOT NULL,
    ended_at {time},
    PRIMARY KEY (id)
){strict};
CREATE INDEX tariff_import_tariff ON tariff_import (tariff_id, id);
CREATE INDEX tariff_import_open ON tariff_import (tariff_id) WHERE ended_at IS NULL;
CREATE INDEX tariff_import_node ON tariff_import (node) WHERE node IS NOT NULL;
CREATE INDEX tariff_import_ended ON tariff_import (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tariff_import_version ON tariff_import (version_id) WHERE version_id IS NOT NULL;

-- The first changes that a dry run found. They are deleted with their job.
CREATE TABLE tariff_import_change (
    import_id {uuid} NOT NULL REFERENCES tariff_import,
    prefix TEXT{bytes} NOT NULL,
    kind TEXT NOT NULL,
    rates {json} NOT NULL,
    PRIMARY KEY (import_id, prefix)
){strict};


-- The cash register.

CREATE TABLE register_shift (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    number BIGINT NOT NULL,
    opened_by {uuid} NOT NULL REFERENCES user_account,
    opened_at {time} NOT NULL,
    float_amount BIGINT NOT NULL,
    closed_by {uuid} REFERENCES user_account,
    closed_at {time},
    z_report {json},
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX register_shift_number ON register_shift (callshop_id, number);
CREATE UNIQUE INDEX register_shift_open ON register_shift (callshop_id) WHERE closed_at IS NULL;

CREATE TABLE cash_movement (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    shift_id {uuid} NOT NULL REFERENCES register_shift,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    user_id {uuid} NOT NULL REFERENCES user_account,
    at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE INDEX cash_movement_shift ON cash_movement (shift_id);


-- Sessions of customers in cabins, their bills and payments.

CREATE TABLE cabin_session (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    cabin_id {uuid} NOT NULL REFERENCES cabin,
    shift_id {uuid} NOT NULL REFERENCES register_shift,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    customer TEXT NOT NULL,
    spending_limit BIGINT,
    time_limit {int},
    deposit BIGINT NOT NULL DEFAULT 0,
    deposit_low {bool} NOT NULL DEFAULT {false},
    carried_over {bool} NOT NULL,
    opened_by {uuid} NOT NULL REFERENCES user_account,
    opened_at {time} NOT NULL,
    closed_by {uuid} REFERENCES user_account,
    closed_at {time},
    -- the final statement: total = calls + items - discounts + rounding
    calls_total BIGINT,
    items_total BIGINT,
    discounts_total BIGINT,
    rounding BIGINT,
    total BIGINT,
    settled_shift_id {uuid} REFERENCES register_shift,
    settled_by {uuid} REFERENCES user_account,
    settled_at {time},
    cash_rounding BIGINT NOT NULL,
    receipt_number BIGINT,
    refunded BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id)
){strict};
CREATE UNIQUE INDEX cabin_session_open ON cabin_session (cabin_id) WHERE state IN ('OPEN', 'CLOSING');
CREATE INDEX cabin_session_callshop ON cabin_session (callshop_id, id);
CREATE INDEX cabin_session_unsettled ON cabin_session (callshop_id, state) WHERE state IN ('OPEN', 'CLOSING', 'CLOSED');
-- The filters of `sessions` (store/src/session_list.rs). `openedAt` limits the ids. Customers are found by search_word, unsettled states by
-- cabin_session_unsettled, receipt numbers by cabin_session_receipt
CREATE INDEX cabin_session_cabin ON cabin_session (cabin_id, id);
CREATE INDEX cabin_session_attendant ON cabin_session (opened_by, id);
CREATE INDEX cabin_session_voided ON cabin_session (callshop_id, id) WHERE state = 'VOIDED';
CREATE UNIQUE INDEX cabin_session_receipt ON cabin_session (callshop_id, receipt_number) WHERE receipt_number IS NOT NULL;

CREATE TABLE session_item (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    session_id {uuid} NOT NULL REFERENCES cabin_session,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity {int} NOT NULL,
    unit_price BIGINT NOT NULL,
    user_id {uuid} NOT NULL REFERENCES user_account,
    at {time} NOT NULL,
    removed_at {time},
    removed_by {uuid} REFERENCES user_account,
    PRIMARY KEY (id)
){strict};
CREATE INDEX session_item_session ON session_item (session_id, id);

CREATE TABLE payment (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL REFERENCES callshop,
    session_id {uuid} NOT NULL REFERENCES cabin_session,
    shift_id {uuid} NOT NULL REFERENCES register_shift,
    kind TEXT NOT NULL DEFAULT 'SALE',
    method TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT,
    reference TEXT,
    user_id {uuid} NOT NULL REFERENCES user_account,
    at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE INDEX payment_shift ON payment (shift_id);
CREATE INDEX payment_session ON payment (session_id);
-- exports read the payments of a callshop in a range of time
CREATE INDEX payment_callshop ON payment (callshop_id, id);


-- Calls. `call` is partitioned by month on PostgreSQL, by the time in the id.

-- The columns are in an order that saves space on PostgreSQL: the wide ones first, so that there is no padding, and the columns that change together
-- at the end, because the write-ahead log of an update leaves out what precedes the first changed byte.
CREATE TABLE call (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    cabin_id {uuid},
    session_id {uuid},
    -- a copy of the session's opened_by, so that one index lists an attendant's calls in order
    attendant_id {uuid},
    phone_id {uuid} NOT NULL,
    authorized_at {time} NOT NULL,
    attempt_day TEXT NOT NULL DEFAULT '',
    request_id TEXT NOT NULL,
    dialed TEXT NOT NULL,
    number TEXT{bytes} NOT NULL,
    destination TEXT NOT NULL,
    emergency {bool} NOT NULL,
    currency TEXT NOT NULL,
    -- the rate at each level: 16 bytes payee, 16 bytes version, 8 bytes prefix (entity/src/levels.rs)
    levels {binary} NOT NULL,
    -- the SIP dialog
    proxy TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    from_tag TEXT NOT NULL,
    -- the columns that change during the call
    charge BIGINT NOT NULL,
    written_off BIGINT NOT NULL DEFAULT 0,
    ringing_at {time},
    answered_at {time},
    ended_at {time},
    extend_at {time},
    covered {int} NOT NULL,
    confirmed {int} NOT NULL DEFAULT 0,
    warn_after {int},
    talk_seconds {int} NOT NULL,
    billed_seconds {int} NOT NULL,
    sip_code {int},
    ending_soon {bool} NOT NULL DEFAULT {false},
    answered_far {bool} NOT NULL DEFAULT {false},
    estimated {bool} NOT NULL DEFAULT {false},
    hang_up_by {uuid},
    state TEXT NOT NULL,
    to_tag TEXT,
    answer_day TEXT,
    ended_by TEXT,
    cause TEXT,
    refusal TEXT,
    -- the call's maximum cost
    holds {jsontext} NOT NULL DEFAULT '[]',
    -- a JSON list of the seconds billed and the micros charged at each level: [60, 250000, 60, 100000]; empty until an answered call ends
    charges TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (id)
){strict}{postgres  PARTITION BY RANGE (id)};
-- not unique on PostgreSQL, where no index can be unique across partitions; an advisory lock ensures that each request is decided once
CREATE{sqlite  UNIQUE} INDEX call_request ON call (request_id);
CREATE INDEX call_callshop ON call (callshop_id, id);
CREATE INDEX call_session ON call (session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX call_cabin ON call (cabin_id, id) WHERE cabin_id IS NOT NULL;
-- The filters of `calls` (store/src/calls/listed.rs). `authorizedAt` limits the ids, so every index serves it. `sessionId` is served by call_session,
-- `cabinId` by call_cabin, `attendantId` by call_attendant, `destination` by call_destination, `refusal` by call_refusal, and REFUSED alone by
-- call_refused: each of these indexes lists its calls in order. `number` reads a range of call_number, which is not in order, so it is used for at
-- most 10,000 matches; a number with more matches is soon found in call_callshop. States of live calls are served by live_call. No other state has an
-- index: the column changes four times in a call, and an index on it would prevent HOT updates. The columns below never change, or only when an
-- attempt is refused
CREATE INDEX call_number ON call (callshop_id, number, id);
CREATE INDEX call_destination ON call (callshop_id, destination, id);
CREATE INDEX call_attendant ON call (attendant_id, id) WHERE attendant_id IS NOT NULL;
CREATE INDEX call_refusal ON call (callshop_id, refusal, id) WHERE refusal IS NOT NULL;
CREATE INDEX call_refused ON call (callshop_id, id) WHERE refusal IS NOT NULL;
-- calls that need attention. There is no index on `answer_day`, because every answer sets that column, which would prevent a HOT update
CREATE INDEX call_written_off ON call (callshop_id, id) WHERE written_off > 0;
CREATE INDEX call_estimated ON call (callshop_id, id) WHERE estimated;
CREATE INDEX call_answered_far ON call (callshop_id) WHERE answered_far;
-- a call is updated four times; free space on its page allows HOT updates, which leave indexes unchanged
{postgres CREATE TABLE call_default PARTITION OF call DEFAULT WITH (fillfactor = 70)};

-- Live calls in a small table of their own, so that no index of `call` changes while a call is in progress.
CREATE TABLE live_call (
    call_id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    cabin_id {uuid},
    session_id {uuid},
    phone_id {uuid} NOT NULL,
    emergency {bool} NOT NULL,
    extend_at {time},
    PRIMARY KEY (call_id)
){strict};
-- one live call per phone; emergency calls do not count, because they are allowed even if the phone seems to have another call
CREATE UNIQUE INDEX live_call_phone ON live_call (phone_id, (CASE WHEN emergency THEN call_id ELSE phone_id END));
CREATE INDEX live_call_shop ON live_call (callshop_id, call_id);
CREATE INDEX live_call_session ON live_call (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX live_call_extend ON live_call (extend_at) WHERE extend_at IS NOT NULL;
-- rows are short-lived, so they need frequent vacuuming
{postgres ALTER TABLE live_call SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000)};

-- When a live call was last listed by its proxy, and when it was first missing after that.
CREATE TABLE call_sighting (
    call_id {uuid} NOT NULL,
    proxy TEXT NOT NULL,
    seen_at {time},
    missed_at {time},
    PRIMARY KEY (call_id)
){strict};
CREATE INDEX call_sighting_proxy ON call_sighting (proxy);

-- A proxy under its own name, with the node that reconciles it, its last listing, and its unknown dialogs.
CREATE TABLE proxy (
    name TEXT NOT NULL,
    lease_holder {uuid},
    lease_until {time},
    looked_at {time},
    listed_at {time},
    boot_id TEXT,
    strays {json} NOT NULL DEFAULT '[]',
    alarm_since {time},
    PRIMARY KEY (name)
){strict};

-- Events of the proxies: each is applied once, and kept for inspection if it was not applied. `reference` is the id of a call, or whatever else
-- the proxy sent.
CREATE TABLE hook_event (
    at {time} NOT NULL,
    received_at {time} NOT NULL,
    eid TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT,
    proxy TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    body {json},
    PRIMARY KEY (eid)
){strict};
CREATE INDEX hook_event_abandoned ON hook_event (reference) WHERE kind = 'abandoned';
CREATE INDEX hook_event_rejected ON hook_event (received_at) WHERE status = 'REJECTED';
CREATE INDEX hook_event_doubted ON hook_event (received_at) WHERE status = 'DOUBTED';
-- BRIN suffices, because events are stored and deleted in time order
{postgres CREATE INDEX hook_event_received ON hook_event USING brin (received_at)};


-- Activity events of callshops, which subscribers receive. Partitioned by month on PostgreSQL.

CREATE TABLE activity (
    callshop_id {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    at {time} NOT NULL,
    kind TEXT NOT NULL,
    cabin_id {uuid},
    session_id {uuid},
    call_id {uuid},
    payload {jsontext} NOT NULL,
    -- must include the partition key; the lock on the callshop's head keeps (callshop_id, seq) unique
    PRIMARY KEY (callshop_id, seq{postgres , at})
){strict}{postgres  PARTITION BY RANGE (at)};
{postgres CREATE TABLE activity_default PARTITION OF activity DEFAULT};

CREATE TABLE activity_head (
    callshop_id {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    kept_from BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (callshop_id)
){strict};


-- The ledger. Transfers and their rows are never changed or deleted. A transfer has either postings, or the charges of one call.

CREATE TABLE ledger_transfer (
    id {uuid} NOT NULL,
    at {time} NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL DEFAULT '',
    user_id {uuid},
    call_id {uuid},
    session_id {uuid},
    reverses {uuid},
    note TEXT NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE INDEX ledger_transfer_call ON ledger_transfer (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX ledger_transfer_session ON ledger_transfer (session_id) WHERE session_id IS NOT NULL;
CREATE UNIQUE INDEX ledger_transfer_reverses ON ledger_transfer (reverses) WHERE reverses IS NOT NULL;

CREATE TABLE ledger_posting (
    transfer_id {uuid} NOT NULL,
    position {int} NOT NULL,
    account_id {uuid} NOT NULL,
    book TEXT NOT NULL,
    amount BIGINT NOT NULL,
    shift_id {uuid},
    method TEXT,
    PRIMARY KEY (transfer_id, position)
){strict};
CREATE INDEX ledger_posting_account ON ledger_posting (account_id, book, transfer_id);
CREATE INDEX ledger_posting_shift ON ledger_posting (shift_id) WHERE shift_id IS NOT NULL;

-- What an account pays for a call to the account above it: one row for both entries, because most rows of the ledger are charges.
CREATE TABLE call_charge (
    transfer_id {uuid} NOT NULL,
    payer_id {uuid} NOT NULL,
    payee_id {uuid} NOT NULL,
    version_id {uuid} NOT NULL,
    amount BIGINT NOT NULL,
    billed_seconds {int} NOT NULL,
    level {int} NOT NULL,
    PRIMARY KEY (transfer_id, level)
){strict};
CREATE INDEX call_charge_payer ON call_charge (payer_id, transfer_id);
CREATE INDEX call_charge_payee ON call_charge (payee_id, transfer_id);

-- All entries of the ledger. Each charge is two entries that sum to zero. The CASTs give each column one type, without which SQLite would store
-- the rows of the view before it reads them.
CREATE VIEW ledger_entry AS
    SELECT transfer_id, position, account_id, book, amount, shift_id, method FROM ledger_posting
    UNION ALL
    SELECT transfer_id, CAST(2 * level AS {int}), payer_id, CAST('CREDIT' AS TEXT), CAST(-amount AS BIGINT), CAST(NULL AS {uuid}), CAST(NULL AS TEXT)
    FROM call_charge
    UNION ALL
    SELECT transfer_id, CAST(2 * level + 1 AS {int}), payee_id, CAST('REVENUE' AS TEXT), amount, CAST(NULL AS {uuid}), CAST(NULL AS TEXT)
    FROM call_charge;

-- Sums of the entries. The platform has a balance per currency, because its children use several currencies.
CREATE TABLE ledger_balance (
    account_id {uuid} NOT NULL,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    balance BIGINT NOT NULL,
    held BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, book, currency)
){strict};


-- Changes: results of mutations that may be repeated, and the audit log.

CREATE TABLE idempotency_key (
    -- no foreign key: the id is nil for the operator at the command line, and for an API token it is the id of the token's family
    user_id {uuid} NOT NULL,
    mutation TEXT NOT NULL,
    key TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    answer {json} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (user_id, mutation, key)
){strict};
-- finds the keys that are too old to be kept
CREATE INDEX idempotency_key_created ON idempotency_key (created_at);

CREATE TABLE audit_log (
    id {uuid} NOT NULL,
    at {time} NOT NULL,
    account_id {uuid} NOT NULL REFERENCES account,
    user_id {uuid} REFERENCES user_account,
    api_token_id {uuid} REFERENCES api_token,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    -- refers to the table that `object_kind` names
    object_id {uuid} NOT NULL,
    address TEXT NOT NULL,
    before {json} NOT NULL,
    after {json} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE INDEX audit_log_account ON audit_log (account_id, id);


-- Webhooks: subscriptions whose messages the server posts to an address.

CREATE TABLE webhook (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL REFERENCES account,
    created_by {uuid} NOT NULL REFERENCES user_account,
    -- the first token of a chain of rotations; null for a login's webhook
    api_token_id {uuid} REFERENCES api_token,
    url TEXT NOT NULL,
    query TEXT NOT NULL,
    -- whether the document is about the feed of the account itself
    of_account {bool} NOT NULL DEFAULT {false},
    description TEXT NOT NULL,
    -- the rights with which the document is read; null means that no scopes limit the document, as in a login
    role TEXT NOT NULL,
    scopes {json},
    -- the secrets are derived from the token key and these seeds
    seed TEXT NOT NULL,
    old_seed TEXT,
    old_seed_until {time},
    state TEXT NOT NULL,
    disabled_reason TEXT,
    disabled_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};
CREATE INDEX webhook_account ON webhook (account_id, id);

-- The position of a webhook in each callshop, or in the feed of its account. The holder of the lease is one run of one node.
CREATE TABLE webhook_cursor (
    webhook_id {uuid} NOT NULL REFERENCES webhook,
    callshop_id {uuid} NOT NULL REFERENCES account,
    seq BIGINT NOT NULL,
    attempts {int} NOT NULL DEFAULT 0,
    failing_since {time},
    next_attempt_at {time},
    lease_holder {uuid},
    lease_until {time},
    -- positions that were served longest ago come first
    served_at {time},
    delivered_at {time},
    -- a user chose to skip the events up to this number; one message reports those that are not delivered yet
    skipped_until BIGINT,
    PRIMARY KEY (webhook_id, callshop_id)
){strict};

-- The log of the deliveries, which the hourly maintenance shortens. A ping has no callshop and no number, and a message
-- about the feed of the webhook's account has no callshop.
CREATE TABLE webhook_delivery (
    id {uuid} NOT NULL,
    webhook_id {uuid} NOT NULL REFERENCES webhook,
    callshop_id {uuid} REFERENCES account,
    seq BIGINT,
    kind TEXT NOT NULL,
    message_id TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts {int} NOT NULL,
    response_status {int},
    response_body TEXT NOT NULL,
    error {json},
    duration_ms BIGINT NOT NULL,
    created_at {time} NOT NULL,
    attempted_at {time} NOT NULL,
    next_attempt_at {time},
    PRIMARY KEY (id)
){strict};
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id);
CREATE UNIQUE INDEX webhook_delivery_message ON webhook_delivery (webhook_id, message_id);


-- Values that all nodes share.

CREATE TABLE setting (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
){strict};
