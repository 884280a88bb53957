-- How often the login was refreshed: which refresh token is the good one.
ALTER TABLE auth_session ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- Wrong passwords of logins that do not exist, in a bounded number of buckets.
CREATE TABLE login_failure (
    bucket BIGINT NOT NULL,
    failures {int} NOT NULL,
    last_failed_at {time} NOT NULL,
    PRIMARY KEY (bucket)
){strict};
