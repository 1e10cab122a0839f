-- What a check knows of each list when it ends: how far it still differs from ours, so that a copy of ours that goes wrong
-- is found though WeCom's list has not moved. And what stopped a run or a call as a code with figures, to be said in the
-- reader's language: sync_run.error is not written any more, the text as it came stands in the log.
-- +goose Up

ALTER TABLE sync_list ADD COLUMN missing integer NOT NULL DEFAULT 0;
ALTER TABLE sync_list ADD COLUMN extra integer NOT NULL DEFAULT 0;
COMMENT ON TABLE sync_list IS 'what the list of a member''s customers looked like when it was last compared with ours';
COMMENT ON COLUMN sync_list.n IS 'friendships the list names; two ids of one person are one';
COMMENT ON COLUMN sync_list.missing IS 'of them, those that we did not hold after the repairs';

ALTER TABLE sync_seat ADD COLUMN lost_at timestamptz;
COMMENT ON COLUMN sync_seat.lost_at IS 'when a run found the seat gone; WeCom still gives the statistics of the days before';

ALTER TABLE sync_repair DROP CONSTRAINT sync_repair_reason_check;
ALTER TABLE sync_repair ADD CONSTRAINT sync_repair_reason_check
  CHECK (reason IN ('lost','unheard','failed','waiting','handled','unhandled','before','range','silent','api','ours','unknown'));

ALTER TABLE sync_run ADD COLUMN error_code text NOT NULL DEFAULT '';
ALTER TABLE sync_run ADD COLUMN error_params jsonb NOT NULL DEFAULT '{}';
UPDATE sync_run SET error_code = 'sync.stopped' WHERE error <> '';

ALTER TABLE outbox_call ADD COLUMN error_params jsonb NOT NULL DEFAULT '{}';
UPDATE outbox_call SET error_params = jsonb_build_object('api', kind, 'errcode', split_part(error_code, '.', 2), 'ip', '—') WHERE error_code LIKE 'wecom.%';
