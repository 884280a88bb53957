-- The initial tables. {words in braces} are column types that differ between SQLite and PostgreSQL.
-- SQLite tables are STRICT, so that a money column accepts only integers.

CREATE TABLE account (
    id {uuid} NOT NULL,
    parent_id {uuid},
    path TEXT{bytes} NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    country TEXT NOT NULL,
    cost_tariff_id {uuid},
    retail_tariff_id {uuid},
    credit_limit BIGINT,
    suspended_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE callshop (
    account_id {uuid} NOT NULL,
    dial_plan {json} NOT NULL,
    max_call_seconds {int} NOT NULL,
    blocked_prefixes {json} NOT NULL,
    caller_id TEXT NOT NULL,
    next_shift_number BIGINT NOT NULL,
    next_receipt_number BIGINT NOT NULL,
    PRIMARY KEY (account_id)
){strict};

CREATE TABLE user_account (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled_at {time},
    failed_logins {int} NOT NULL,
    last_failed_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE auth_session (
    id {uuid} NOT NULL,
    user_id {uuid} NOT NULL,
    refresh_hash TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at {time} NOT NULL,
    last_used_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time},
    PRIMARY KEY (id)
){strict};

CREATE TABLE setting (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
){strict};

CREATE TABLE phone (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
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
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE cabin (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    number {int} NOT NULL,
    label TEXT NOT NULL,
    phone_id {uuid},
    out_of_service {bool} NOT NULL,
    retired_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE tariff (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    rounding_decimals {int} NOT NULL,
    rounding_mode TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    bands {json} NOT NULL,
    holidays {json} NOT NULL,
    blocked_prefixes {json} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE tariff_version (
    id {uuid} NOT NULL,
    tariff_id {uuid} NOT NULL,
    number {int} NOT NULL,
    active_from {time},
    rate_count {int} NOT NULL,
    note TEXT NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE rate (
    version_id {uuid} NOT NULL,
    prefix TEXT{bytes} NOT NULL,
    destination TEXT NOT NULL,
    price_per_minute BIGINT NOT NULL,
    connection_fee BIGINT NOT NULL,
    initial_increment {int} NOT NULL,
    increment {int} NOT NULL,
    minimum_charge BIGINT NOT NULL,
    free_seconds {int} NOT NULL,
    band_prices {json} NOT NULL,
    PRIMARY KEY (version_id, prefix)
){strict};

CREATE TABLE register_shift (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    number BIGINT NOT NULL,
    opened_by {uuid} NOT NULL,
    opened_at {time} NOT NULL,
    float_amount BIGINT NOT NULL,
    closed_by {uuid},
    closed_at {time},
    z_report {json},
    PRIMARY KEY (id)
){strict};

CREATE TABLE cash_movement (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    shift_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    user_id {uuid} NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE cabin_session (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    cabin_id {uuid} NOT NULL,
    shift_id {uuid} NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    customer TEXT NOT NULL,
    spending_limit BIGINT,
    time_limit {int},
    carried_over {bool} NOT NULL,
    opened_by {uuid} NOT NULL,
    opened_at {time} NOT NULL,
    closed_by {uuid},
    closed_at {time},
    total BIGINT,
    settled_shift_id {uuid},
    settled_by {uuid},
    settled_at {time},
    cash_rounding BIGINT NOT NULL,
    receipt_number BIGINT,
    PRIMARY KEY (id)
){strict};

CREATE TABLE payment (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    session_id {uuid} NOT NULL,
    shift_id {uuid} NOT NULL,
    method TEXT NOT NULL,
    amount BIGINT NOT NULL,
    user_id {uuid} NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE call (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    cabin_id {uuid},
    session_id {uuid},
    phone_id {uuid} NOT NULL,
    request_id TEXT NOT NULL,
    dialed TEXT NOT NULL,
    number TEXT NOT NULL,
    destination TEXT NOT NULL,
    emergency {bool} NOT NULL,
    state TEXT NOT NULL,
    authorized_at {time} NOT NULL,
    ringing_at {time},
    answered_at {time},
    ended_at {time},
    covered {int} NOT NULL,
    sip_code {int},
    ended_by TEXT,
    cause TEXT,
    refusal TEXT,
    talk_seconds {int} NOT NULL,
    billed_seconds {int} NOT NULL,
    charge BIGINT NOT NULL,
    currency TEXT NOT NULL,
    pricing {json} NOT NULL,
    proxy TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    from_tag TEXT NOT NULL,
    to_tag TEXT,
    hang_up_by {uuid},
    PRIMARY KEY (id)
){strict};

CREATE TABLE call_charge (
    call_id {uuid} NOT NULL,
    level {int} NOT NULL,
    account_id {uuid} NOT NULL,
    version_id {uuid} NOT NULL,
    billed_seconds {int} NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (call_id, level)
){strict};

CREATE TABLE hook_event (
    eid TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT,
    proxy TEXT NOT NULL,
    at {time} NOT NULL,
    received_at {time} NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    body {json},
    PRIMARY KEY (eid)
){strict};

CREATE TABLE activity (
    callshop_id {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    at {time} NOT NULL,
    kind TEXT NOT NULL,
    cabin_id {uuid},
    session_id {uuid},
    call_id {uuid},
    payload {json} NOT NULL,
    PRIMARY KEY (callshop_id, seq)
){strict};

CREATE TABLE activity_head (
    callshop_id {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (callshop_id)
){strict};

CREATE TABLE ledger_transfer (
    id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    at {time} NOT NULL,
    user_id {uuid},
    call_id {uuid},
    note TEXT NOT NULL,
    PRIMARY KEY (id)
){strict};

CREATE TABLE ledger_entry (
    transfer_id {uuid} NOT NULL,
    position {int} NOT NULL,
    account_id {uuid} NOT NULL,
    book TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (transfer_id, position)
){strict};

CREATE TABLE ledger_balance (
    account_id {uuid} NOT NULL,
    book TEXT NOT NULL,
    balance BIGINT NOT NULL,
    PRIMARY KEY (account_id, book)
){strict};

CREATE TABLE idempotency_key (
    user_id {uuid} NOT NULL,
    mutation TEXT NOT NULL,
    key TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    answer {json} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (user_id, mutation, key)
){strict};

CREATE UNIQUE INDEX account_code ON account (code);
CREATE UNIQUE INDEX account_path ON account (path);
CREATE INDEX account_parent ON account (parent_id);
CREATE UNIQUE INDEX user_account_name ON user_account (account_id, name);
CREATE INDEX auth_session_user ON auth_session (user_id);
CREATE INDEX auth_session_revoked ON auth_session (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE UNIQUE INDEX phone_sip_user ON phone (sip_user);
CREATE INDEX phone_callshop ON phone (callshop_id, id);
CREATE UNIQUE INDEX cabin_number ON cabin (callshop_id, number) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX cabin_phone ON cabin (phone_id) WHERE phone_id IS NOT NULL;
CREATE INDEX tariff_account ON tariff (account_id, id);
CREATE UNIQUE INDEX tariff_version_number ON tariff_version (tariff_id, number);
CREATE UNIQUE INDEX register_shift_number ON register_shift (callshop_id, number);
CREATE UNIQUE INDEX register_shift_open ON register_shift (callshop_id) WHERE closed_at IS NULL;
CREATE INDEX cash_movement_shift ON cash_movement (shift_id);
CREATE UNIQUE INDEX cabin_session_open ON cabin_session (cabin_id) WHERE state IN ('OPEN', 'CLOSING');
CREATE INDEX cabin_session_callshop ON cabin_session (callshop_id, id);
CREATE INDEX cabin_session_unsettled ON cabin_session (callshop_id, state) WHERE state IN ('OPEN', 'CLOSING', 'CLOSED');
CREATE UNIQUE INDEX cabin_session_receipt ON cabin_session (callshop_id, receipt_number) WHERE receipt_number IS NOT NULL;
CREATE INDEX payment_shift ON payment (shift_id);
CREATE INDEX payment_session ON payment (session_id);
CREATE UNIQUE INDEX call_request ON call (request_id);
CREATE UNIQUE INDEX call_live_phone ON call (phone_id) WHERE state IN ('AUTHORIZED', 'RINGING', 'ANSWERED');
CREATE INDEX call_live_shop ON call (callshop_id) WHERE state IN ('AUTHORIZED', 'RINGING', 'ANSWERED');
CREATE INDEX call_callshop ON call (callshop_id, id);
CREATE INDEX call_session ON call (session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX call_cabin ON call (cabin_id, id) WHERE cabin_id IS NOT NULL;
CREATE INDEX call_charge_account ON call_charge (account_id, call_id);
CREATE INDEX hook_event_abandoned ON hook_event (reference) WHERE kind = 'abandoned';
CREATE INDEX ledger_entry_account ON ledger_entry (account_id, book, transfer_id);
CREATE INDEX ledger_transfer_call ON ledger_transfer (call_id) WHERE call_id IS NOT NULL;
