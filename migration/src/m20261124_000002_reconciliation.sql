-- State of the reconciliation with proxies: their listings, their calls and their phones.

-- A proxy, by the name it gives itself: the node that reconciles it, the last listing, and unknown dialogs.
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

-- A live call in its proxy's listings: when it was last listed, and the first listing it was missing from.
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
