-- A group's callback names those who came and went in its body alone; the page of events searches for them. And what was
-- asked of WeCom to handle an event.
-- +goose Up
ALTER TABLE inbox_event ADD COLUMN members text[] NOT NULL DEFAULT '{}';
ALTER TABLE inbox_event ADD COLUMN reads jsonb NOT NULL DEFAULT '[]';
CREATE INDEX inbox_event_members_idx ON inbox_event USING gin (members) WHERE members <> '{}';
