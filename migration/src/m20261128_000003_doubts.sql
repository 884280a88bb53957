-- Calls that were answered far from their attempts, and events that a person should look at.

ALTER TABLE call ADD COLUMN answered_far {bool} NOT NULL DEFAULT {false};
-- not of `answer_day`, which the answer of every call sets: no row could be updated in place any more
CREATE INDEX call_answered_far ON call (callshop_id) WHERE answered_far;
CREATE INDEX hook_event_doubted ON hook_event (received_at) WHERE status = 'DOUBTED';
