-- A table of live calls, so that no index of `call` changes while a call is in progress; and the number of the first activity still stored.

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

INSERT INTO live_call (call_id, callshop_id, cabin_id, session_id, phone_id, emergency, extend_at)
    SELECT id, callshop_id, cabin_id, session_id, phone_id, emergency, extend_at FROM call
    WHERE state IN ('AUTHORIZED', 'RINGING', 'ANSWERED');

-- one live call per phone, not counting emergency calls, which are always allowed, no matter what state the phone seems to be in
CREATE UNIQUE INDEX live_call_phone ON live_call (phone_id, (CASE WHEN emergency THEN call_id ELSE phone_id END));
CREATE INDEX live_call_shop ON live_call (callshop_id, call_id);
CREATE INDEX live_call_session ON live_call (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX live_call_extend ON live_call (extend_at) WHERE extend_at IS NOT NULL;

DROP INDEX call_live_phone;
DROP INDEX call_live_shop;
DROP INDEX call_extend;

ALTER TABLE activity_head ADD COLUMN kept_from BIGINT NOT NULL DEFAULT 1;
