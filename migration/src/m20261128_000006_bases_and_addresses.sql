-- The version that a tariff version is based on, and the address on a callshop's receipts.

-- The version that must be in force when a draft is activated; null for the first version and for drafts that predate this column.
ALTER TABLE tariff_version ADD COLUMN base_version_id {uuid};

-- Printed below the shop's name.
ALTER TABLE callshop ADD COLUMN address TEXT NOT NULL DEFAULT '';
