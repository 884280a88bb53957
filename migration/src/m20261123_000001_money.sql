-- Holds, the callshop's books, prepaid sessions, items and discounts, refunds, the audit log.

ALTER TABLE ledger_balance ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_transfer ADD COLUMN reverses {uuid};
ALTER TABLE ledger_transfer ADD COLUMN session_id {uuid};
ALTER TABLE ledger_entry ADD COLUMN shift_id {uuid};
ALTER TABLE ledger_entry ADD COLUMN method TEXT;

ALTER TABLE call ADD COLUMN holds {json} NOT NULL DEFAULT '[]';
ALTER TABLE call ADD COLUMN extend_at {time};
ALTER TABLE call ADD COLUMN confirmed {int} NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN estimated {bool} NOT NULL DEFAULT {false};
ALTER TABLE call ADD COLUMN written_off BIGINT NOT NULL DEFAULT 0;
ALTER TABLE call ADD COLUMN attempt_day TEXT NOT NULL DEFAULT '';
ALTER TABLE call ADD COLUMN answer_day TEXT;

ALTER TABLE cabin_session ADD COLUMN deposit BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cabin_session ADD COLUMN calls_total BIGINT;
ALTER TABLE cabin_session ADD COLUMN items_total BIGINT;
ALTER TABLE cabin_session ADD COLUMN discounts_total BIGINT;
ALTER TABLE cabin_session ADD COLUMN rounding BIGINT;
ALTER TABLE cabin_session ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;

ALTER TABLE payment ADD COLUMN kind TEXT NOT NULL DEFAULT 'SALE';
ALTER TABLE payment ADD COLUMN reason TEXT;

ALTER TABLE callshop ADD COLUMN cash_step BIGINT;
ALTER TABLE callshop ADD COLUMN legal_name TEXT NOT NULL DEFAULT '';
ALTER TABLE callshop ADD COLUMN tax_id TEXT NOT NULL DEFAULT '';
ALTER TABLE callshop ADD COLUMN receipt_footer TEXT NOT NULL DEFAULT '';
ALTER TABLE callshop ADD COLUMN mask_numbers {bool} NOT NULL DEFAULT {false};
ALTER TABLE callshop ADD COLUMN attendant_max_discount BIGINT NOT NULL DEFAULT 0;
ALTER TABLE callshop ADD COLUMN attendant_max_refund BIGINT NOT NULL DEFAULT 0;

ALTER TABLE account ADD COLUMN low_credit BIGINT;

CREATE TABLE session_item (
    id {uuid} NOT NULL,
    callshop_id {uuid} NOT NULL,
    session_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity {int} NOT NULL,
    unit_price BIGINT NOT NULL,
    user_id {uuid} NOT NULL,
    at {time} NOT NULL,
    removed_at {time},
    removed_by {uuid},
    PRIMARY KEY (id)
){strict};

CREATE TABLE audit_log (
    id {uuid} NOT NULL,
    at {time} NOT NULL,
    account_id {uuid} NOT NULL,
    user_id {uuid},
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id {uuid} NOT NULL,
    address TEXT NOT NULL,
    before {json} NOT NULL,
    after {json} NOT NULL,
    PRIMARY KEY (id)
){strict};

-- every account has a row for its credit, so that the credit can be locked
INSERT INTO ledger_balance (account_id, book, balance)
    SELECT id, 'CREDIT', 0 FROM account WHERE id NOT IN (SELECT account_id FROM ledger_balance WHERE book = 'CREDIT');

CREATE UNIQUE INDEX ledger_transfer_reverses ON ledger_transfer (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX ledger_transfer_session ON ledger_transfer (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX ledger_entry_shift ON ledger_entry (shift_id) WHERE shift_id IS NOT NULL;
CREATE INDEX call_extend ON call (extend_at) WHERE extend_at IS NOT NULL;
CREATE INDEX session_item_session ON session_item (session_id, id);
CREATE INDEX audit_log_account ON audit_log (account_id, id);
-- indexes for calls that need attention
CREATE INDEX call_written_off ON call (callshop_id, id) WHERE written_off > 0;
CREATE INDEX call_estimated ON call (callshop_id, id) WHERE estimated;
CREATE INDEX hook_event_rejected ON hook_event (received_at) WHERE status = 'REJECTED';

-- no query starts from an account, because reports start from calls and find their charges by the primary key
DROP INDEX call_charge_account;

-- one live call per phone, not counting emergency calls, which are always allowed, no matter what state the phone seems to be in
DROP INDEX call_live_phone;
CREATE UNIQUE INDEX call_live_phone ON call (phone_id, (CASE WHEN emergency THEN id ELSE phone_id END))
    WHERE state IN ('AUTHORIZED', 'RINGING', 'ANSWERED');
