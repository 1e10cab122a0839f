-- +goose Up
-- A call that would reach somebody twice is made once, also when its answer is lost.
ALTER TABLE outbox_call DROP CONSTRAINT outbox_call_class_check;
ALTER TABLE outbox_call ADD CONSTRAINT outbox_call_class_check CHECK (class IN ('repeatable','findable','unfindable','once'));

-- A chat whose last message was too old went, and the consents in it stayed behind under its id; asked for again, they were
-- kept a second time under a new one. Every consent gets its chat back, and of doubles the newest word stays: that WeCom
-- says nothing is no word.
INSERT INTO archive_chat (key, id, place, peer, room_id)
  SELECT 'r/' || c.room_id, max(c.chat_id), 'room', '', c.room_id FROM archive_consent c
  WHERE c.place = 'room' AND c.room_id <> '' AND NOT EXISTS (SELECT 1 FROM archive_chat x WHERE x.place = 'room' AND x.room_id = c.room_id)
  GROUP BY c.room_id ON CONFLICT (key) DO NOTHING;
INSERT INTO archive_chat (key, id, place, staff_id, peer)
  SELECT 's/' || s.userid || '/' || c.external_userid, max(c.chat_id), 'single', c.staff_id, c.external_userid FROM archive_consent c
  JOIN directory_staff s ON s.id = c.staff_id
  WHERE c.place = 'single' AND NOT EXISTS (SELECT 1 FROM archive_chat x WHERE x.place = 'single' AND x.staff_id = c.staff_id AND x.peer = c.external_userid)
  GROUP BY s.userid, c.external_userid, c.staff_id ON CONFLICT (key) DO NOTHING;
INSERT INTO archive_consent AS h (chat_id, external_userid, place, staff_id, room_id, state, since, source, changed_at, checked_at)
  SELECT DISTINCT ON (x.id, c.external_userid) x.id, c.external_userid, c.place, c.staff_id, c.room_id, c.state, c.since, c.source, c.changed_at, c.checked_at
  FROM archive_consent c JOIN archive_chat x ON x.place = c.place
    AND CASE c.place WHEN 'room' THEN x.room_id = c.room_id ELSE x.staff_id = c.staff_id AND x.peer = c.external_userid END
  WHERE c.chat_id = x.id OR NOT EXISTS (SELECT 1 FROM archive_chat y WHERE y.id = c.chat_id)
  ORDER BY x.id, c.external_userid, c.state = 'unknown', c.since DESC NULLS LAST, c.changed_at DESC
  ON CONFLICT (chat_id, external_userid) DO UPDATE SET state = EXCLUDED.state, since = EXCLUDED.since, source = EXCLUDED.source, changed_at = EXCLUDED.changed_at
  WHERE h.state <> EXCLUDED.state OR h.since IS DISTINCT FROM EXCLUDED.since;
DELETE FROM archive_consent c WHERE NOT EXISTS (SELECT 1 FROM archive_chat x WHERE x.id = c.chat_id) AND EXISTS (SELECT 1 FROM archive_chat x
  WHERE x.place = c.place AND CASE c.place WHEN 'room' THEN x.room_id = c.room_id ELSE x.staff_id = c.staff_id AND x.peer = c.external_userid END);
