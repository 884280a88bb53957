-- Calls answered more than a day from their attempt, and doubtful events that a person should review.

ALTER TABLE call ADD COLUMN answered_far {bool} NOT NULL DEFAULT {false};
-- not on `answer_day`, because every answer sets that column and would then prevent a HOT update of the call
CREATE INDEX call_answered_far ON call (callshop_id) WHERE answered_far;
CREATE INDEX hook_event_doubted ON hook_event (received_at) WHERE status = 'DOUBTED';
