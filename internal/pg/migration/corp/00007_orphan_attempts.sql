-- A call whose answer is lost twice may leave two join ways at WeCom: orphans are counted by attempt, not by call.
-- +goose Up
ALTER TABLE livecode_orphan ADD COLUMN attempt integer NOT NULL DEFAULT 0;
ALTER TABLE livecode_orphan DROP CONSTRAINT livecode_orphan_call_id_key;
ALTER TABLE livecode_orphan ADD CONSTRAINT livecode_orphan_call_id_attempt_key UNIQUE (call_id, attempt);
