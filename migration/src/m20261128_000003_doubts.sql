-- Calls that were answered far from their attempts, and events that a person should look at.

ALTER TABLE call ADD COLUMN answered_far {bool} NOT NULL DEFAULT {false};
CREATE INDEX call_answered_far ON call (callshop_id, answer_day) WHERE answered_far;
CREATE INDEX hook_event_doubted ON hook_event (received_at) WHERE status = 'DOUBTED';
