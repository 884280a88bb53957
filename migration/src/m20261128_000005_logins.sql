-- How often the login was refreshed; identifies the valid refresh token.
ALTER TABLE auth_session ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- Failed logins with names that do not exist, in a bounded number of buckets.
CREATE TABLE login_failure (
    bucket BIGINT NOT NULL,
    failures {int} NOT NULL,
    last_failed_at {time} NOT NULL,
    PRIMARY KEY (bucket)
){strict};
