-- +goose Up
-- A call that would reach somebody twice is made once, also when its answer is lost.
ALTER TABLE outbox_call DROP CONSTRAINT outbox_call_class_check;
ALTER TABLE outbox_call ADD CONSTRAINT outbox_call_class_check CHECK (class IN ('repeatable','findable','unfindable','once'));
