-- What a tariff version was made from, and the address on a callshop's receipts.

-- The version that has to be in force when a draft is activated; none for the first one, and for drafts of before.
ALTER TABLE tariff_version ADD COLUMN base_version_id {uuid};

-- Printed below the shop's name.
ALTER TABLE callshop ADD COLUMN address TEXT NOT NULL DEFAULT '';
