-- A transfer has a currency, and an account has a balance per currency, because the platform's children use several.

ALTER TABLE ledger_transfer ADD COLUMN currency TEXT NOT NULL DEFAULT '';
-- all accounts in a transfer use the same currency, except the platform
UPDATE ledger_transfer SET currency = COALESCE((
    SELECT COALESCE(MIN(CASE WHEN a.kind <> 'PLATFORM' THEN a.currency END), MIN(a.currency))
    FROM ledger_entry e JOIN account a ON a.id = e.account_id WHERE e.transfer_id = ledger_transfer.id
), '');

ALTER TABLE ledger_balance RENAME TO ledger_balance_of_one;
CREATE TABLE ledger_balance (
    account_id {uuid} NOT NULL,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    balance BIGINT NOT NULL,
    held BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT ledger_balance_in_currency PRIMARY KEY (account_id, book, currency)
){strict};
INSERT INTO ledger_balance (account_id, book, currency, balance, held)
    SELECT b.account_id, b.book, a.currency, b.balance, b.held FROM ledger_balance_of_one b JOIN account a ON a.id = b.account_id
    WHERE a.kind <> 'PLATFORM' OR b.book = 'CREDIT';
INSERT INTO ledger_balance (account_id, book, currency, balance)
    SELECT e.account_id, e.book, t.currency, CAST(SUM(e.amount) AS BIGINT)
    FROM ledger_entry e JOIN ledger_transfer t ON t.id = e.transfer_id JOIN account a ON a.id = e.account_id
    WHERE a.kind = 'PLATFORM' AND e.book <> 'CREDIT' GROUP BY e.account_id, e.book, t.currency;
DROP TABLE ledger_balance_of_one;
