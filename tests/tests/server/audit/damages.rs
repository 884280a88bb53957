//! The kinds of damage that the audit must find.

/// Each kind of damage: the broken invariant, the SQL statement that breaks it, and the SQL statement that repairs the damage.
pub(super) const DAMAGES: &[(&str, &str, &str)] = &[
    (
        "calls refer only to existing rows",
        "UPDATE call SET cabin_id = callshop_id WHERE state = 'FAILED'",
        "UPDATE call SET cabin_id = NULL",
    ),
    (
        "the levels of calls refer only to existing rows",
        "UPDATE rate SET prefix = '12'",
        "UPDATE rate SET prefix = '1'",
    ),
    (
        "the levels of calls refer only to existing rows",
        // each level's bytes begin 16 bytes too late, so the payee is a version
        "UPDATE call SET levels = substr(levels, 17, 40) WHERE state = 'ENDED'",
        "UPDATE call SET levels = (SELECT l.levels FROM call l WHERE l.state = 'FAILED') WHERE state = 'ENDED'",
    ),
    (
        "the levels of calls refer only to existing rows",
        "UPDATE call SET levels = substr(levels, 1, 41) WHERE state = 'ENDED'",
        "UPDATE call SET levels = (SELECT l.levels FROM call l WHERE l.state = 'FAILED') WHERE state = 'ENDED'",
    ),
    (
        "charges refer only to existing rows",
        "UPDATE call_charge SET version_id = payer_id WHERE level = 1",
        "UPDATE call_charge SET version_id = (SELECT id FROM tariff_version)",
    ),
    (
        "charges refer only to existing rows",
        "UPDATE call_charge SET payee_id = version_id WHERE level = 2",
        "UPDATE call_charge SET payee_id = (SELECT id FROM account WHERE kind = 'PLATFORM') WHERE level = 2",
    ),
    (
        "charges refer only to existing rows",
        "UPDATE ledger_transfer SET call_id = (SELECT id FROM tariff_version) WHERE kind = 'CALL'",
        "UPDATE ledger_transfer SET call_id = (SELECT id FROM call WHERE charge > 0) WHERE kind = 'CALL'",
    ),
    (
        "activity events refer only to existing rows",
        "INSERT INTO activity (callshop_id, seq, at, kind, payload) SELECT phone_id, 1, authorized_at, 'CALL_ENDED', '{}' \
         FROM call WHERE state = 'FAILED'",
        "DELETE FROM activity",
    ),
    (
        "activity events refer only to existing rows",
        "INSERT INTO activity (callshop_id, seq, at, kind, call_id, payload) \
         SELECT callshop_id, 1, authorized_at, 'CALL_ENDED', phone_id, '{}' FROM call WHERE state = 'FAILED'",
        "DELETE FROM activity",
    ),
    (
        "sightings refer only to existing rows",
        "INSERT INTO call_sighting (call_id, proxy) SELECT phone_id, 'p' FROM call WHERE state = 'FAILED'",
        "DELETE FROM call_sighting",
    ),
    (
        "rates refer only to existing rows",
        "UPDATE rate SET version_id = (SELECT account_id FROM tariff)",
        "UPDATE rate SET version_id = (SELECT id FROM tariff_version)",
    ),
    (
        "the ledger refers only to existing rows",
        "UPDATE ledger_transfer SET user_id = session_id WHERE kind = 'REFUND'",
        "UPDATE ledger_transfer SET user_id = NULL",
    ),
    (
        "entries of every transfer sum to zero",
        "UPDATE ledger_posting SET amount = amount + 1 WHERE book = 'OUTSIDE'",
        "UPDATE ledger_posting SET amount = amount - 1 WHERE book = 'OUTSIDE'",
    ),
    (
        "every entry has a transfer, and every transfer has entries",
        "UPDATE ledger_posting SET position = position + 10, transfer_id = account_id WHERE book = 'VARIANCE'",
        "UPDATE ledger_posting SET position = position - 10, transfer_id = (SELECT id FROM ledger_transfer WHERE kind = 'COUNT') \
         WHERE book = 'VARIANCE'",
    ),
    (
        "every entry has a transfer, and every transfer has entries",
        "UPDATE call_charge SET level = level + 10, transfer_id = payer_id WHERE level = 2",
        "UPDATE call_charge SET level = level - 10, transfer_id = (SELECT transfer_id FROM call_charge WHERE amount = 4000000) \
         WHERE level = 12",
    ),
    (
        "every entry has a transfer, and every transfer has entries",
        "UPDATE ledger_transfer SET kind = 'CALL' WHERE kind = 'COUNT'",
        "UPDATE ledger_transfer SET kind = 'COUNT' WHERE kind = 'CALL' AND call_id IS NULL",
    ),
    (
        "every balance equals its entries",
        "UPDATE ledger_balance SET balance = balance + 1 WHERE book = 'ISSUED'",
        "UPDATE ledger_balance SET balance = balance - 1 WHERE book = 'ISSUED'",
    ),
    (
        "all balances of a currency sum to zero",
        "UPDATE ledger_balance SET balance = balance + 1 WHERE book = 'SALES'",
        "UPDATE ledger_balance SET balance = balance - 1 WHERE book = 'SALES'",
    ),
    (
        "every balance except the platform's is in its account's currency",
        "UPDATE ledger_balance SET currency = 'EUR' WHERE book = 'WRITE_OFF' OR book = 'VARIANCE'",
        "UPDATE ledger_balance SET currency = 'BRL' WHERE currency = 'EUR'",
    ),
    (
        "no account exceeds its limit",
        "UPDATE account SET credit_limit = -46000000 WHERE kind = 'CALLSHOP'",
        "UPDATE account SET credit_limit = 10000000 WHERE kind = 'CALLSHOP'",
    ),
    (
        "every answered call has its charges",
        "UPDATE call SET charges = '[]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = '[60,6300000,60' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = 'null' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,true]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = '{}' WHERE state = 'FAILED'",
        "UPDATE call SET charges = '[]' WHERE state = 'FAILED'",
    ),
    (
        "the customer's charge equals the call's price",
        "UPDATE call SET charges = '[]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the customer's charge equals the call's price",
        "UPDATE call SET charges = 'null' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the customer's billed seconds equal the call's billed seconds",
        "UPDATE call SET charges = '[59,6300000,60,4000000,60,3000000]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the customer's billed seconds equal the call's billed seconds",
        "UPDATE call SET billed_seconds = 60 WHERE state = 'FAILED'",
        "UPDATE call SET billed_seconds = 0 WHERE state = 'FAILED'",
    ),
    (
        "the customer's charge equals the call's price",
        "UPDATE call SET charges = '[60,6300001,60,4000000,60,3000000]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "every call is charged once",
        "UPDATE ledger_transfer SET reverses = NULL WHERE reverses IN (SELECT id FROM ledger_transfer WHERE kind = 'CALL')",
        "UPDATE ledger_transfer SET reverses = (SELECT t.id FROM ledger_transfer t WHERE t.kind = 'CALL' ORDER BY t.id LIMIT 1) \
         WHERE kind = 'REVERSAL' AND call_id IS NOT NULL",
    ),
    (
        "every call is charged its stored price",
        "UPDATE call_charge SET amount = amount + 1 WHERE level = 2",
        "UPDATE call_charge SET amount = amount - 1 WHERE level = 2",
    ),
    (
        "every call is charged its stored price",
        "UPDATE call_charge SET billed_seconds = 59 WHERE level = 2",
        "UPDATE call_charge SET billed_seconds = 60 WHERE level = 2",
    ),
    (
        "no unanswered call is charged",
        "UPDATE call SET state = 'FAILED' WHERE state = 'ENDED'",
        "UPDATE call SET state = 'ENDED' WHERE charge > 0",
    ),
    (
        "the table of live calls has exactly the calls that are not over",
        "UPDATE live_call SET phone_id = callshop_id",
        "UPDATE live_call SET phone_id = (SELECT c.phone_id FROM call c WHERE c.id = live_call.call_id)",
    ),
    (
        "the table of live calls has exactly the calls that are not over",
        "DELETE FROM live_call",
        "INSERT INTO live_call (call_id, callshop_id, cabin_id, session_id, phone_id, emergency, extend_at) \
         SELECT id, callshop_id, cabin_id, session_id, phone_id, emergency, extend_at FROM call WHERE state = 'ANSWERED'",
    ),
    (
        "every reversal names the reversed transfer",
        "UPDATE ledger_transfer SET kind = 'ADJUSTMENT' WHERE kind = 'REVERSAL'",
        "UPDATE ledger_transfer SET kind = 'REVERSAL' WHERE reverses IS NOT NULL",
    ),
    (
        "every reversal negates the reversed transfer",
        "UPDATE ledger_posting SET amount = amount * 2 WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'REVERSAL')",
        "UPDATE ledger_posting SET amount = amount / 2 WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'REVERSAL')",
    ),
    (
        "receipt numbers are consecutive from 1",
        "UPDATE cabin_session SET receipt_number = 3 WHERE receipt_number = 2",
        "UPDATE cabin_session SET receipt_number = 2 WHERE receipt_number = 3",
    ),
    (
        "a session's statement is the sum of its calls",
        "UPDATE call SET charge = charge + 1 WHERE state = 'ENDED'",
        "UPDATE call SET charge = charge - 1 WHERE state = 'ENDED'",
    ),
    (
        "a session's total equals the total of its statement",
        "UPDATE cabin_session SET total = total + 1 WHERE receipt_number = 1",
        "UPDATE cabin_session SET total = total - 1 WHERE receipt_number = 1",
    ),
    (
        "sales equal the sessions' statements",
        "UPDATE cabin_session SET discounts_total = discounts_total + 1, rounding = rounding + 1 WHERE receipt_number = 1",
        "UPDATE cabin_session SET discounts_total = discounts_total - 1, rounding = rounding - 1 WHERE receipt_number = 1",
    ),
    (
        "a settled session owes nothing",
        "UPDATE ledger_transfer SET session_id = NULL WHERE kind = 'SETTLEMENT'",
        "UPDATE ledger_transfer SET session_id = (SELECT s.id FROM cabin_session s WHERE s.receipt_number = CASE WHEN EXISTS \
         (SELECT 1 FROM ledger_entry e WHERE e.transfer_id = ledger_transfer.id AND e.book = 'DEPOSITS') THEN 1 ELSE 2 END) \
         WHERE kind = 'SETTLEMENT'",
    ),
    (
        "deposits of unpaid sessions are in the ledger",
        "UPDATE cabin_session SET deposit = deposit + 1 WHERE state = 'OPEN'",
        "UPDATE cabin_session SET deposit = deposit - 1 WHERE state = 'OPEN'",
    ),
    (
        "refunds in the ledger equal the refunds of sessions",
        "UPDATE cabin_session SET refunded = refunded + 1 WHERE receipt_number = 2",
        "UPDATE cabin_session SET refunded = refunded - 1 WHERE receipt_number = 2",
    ),
    (
        "every drawer entry has its shift and method",
        "UPDATE ledger_posting SET method = NULL WHERE method = 'PIX'",
        "UPDATE ledger_posting SET method = 'PIX' WHERE book = 'DRAWER' AND method IS NULL",
    ),
    (
        "a drawer equals its float, payments and movements",
        "UPDATE payment SET amount = amount + 1 WHERE kind = 'REFUND'",
        "UPDATE payment SET amount = amount - 1 WHERE kind = 'REFUND'",
    ),
    (
        "the drawer of a closed shift is empty",
        "UPDATE ledger_posting SET method = 'OTHER' WHERE book = 'DRAWER' AND amount = -124000000",
        "UPDATE ledger_posting SET method = 'CASH' WHERE method = 'OTHER'",
    ),
    (
        "held amounts equal the holds of live calls",
        "UPDATE ledger_balance SET held = held + 1 WHERE held > 0",
        "UPDATE ledger_balance SET held = held - 1 WHERE held > 0",
    ),
    (
        "Z reports agree with the ledger",
        "UPDATE register_shift SET z_report = '{\"methods\": [{\"method\": \"CASH\", \"expected\": \"124\"}]}' WHERE number = 1",
        "UPDATE register_shift SET z_report = '{\"methods\": [{\"method\": \"CASH\", \"expected\": \"125\"}, \
         {\"method\": \"CARD\", \"expected\": \"5\"}]}' WHERE number = 1",
    ),
    (
        "no transfer is reversed twice",
        "DROP INDEX ledger_transfer_reverses; UPDATE ledger_transfer SET reverses = (SELECT t.id FROM ledger_transfer t \
         WHERE t.kind = 'ADJUSTMENT') WHERE kind = 'REVERSAL'",
        "UPDATE ledger_transfer SET reverses = (SELECT t.id FROM ledger_transfer t WHERE t.kind = 'CALL' ORDER BY t.id LIMIT 1) \
         WHERE kind = 'REVERSAL' AND call_id IS NOT NULL",
    ),
];
