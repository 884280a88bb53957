-- State of the reconciliation with proxies: their listings, their calls and their phones.

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

-- When a live call was last listed by its proxy, and when it was first missing since.
CREATE TABLE call_sighting (
    call_id {uuid} NOT NULL,
    proxy TEXT NOT NULL,
    seen_at {time},
    missed_at {time},
    PRIMARY KEY (call_id)
){strict};
CREATE INDEX call_sighting_proxy ON call_sighting (proxy);

-- The proxy at which a phone is registered.
ALTER TABLE phone ADD COLUMN proxy TEXT;
