-- Originals of pictures, videos and files that messages carry. WeCom keeps an upload for three days only, so the bytes
-- stay here, and media_upload says under which id WeCom knows them at present.
-- +goose Up
CREATE TABLE blob_file (
  id         bigint PRIMARY KEY,
  sha256     bytea NOT NULL UNIQUE,
  name       text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('image','video','file')),
  mime       text NOT NULL,
  size       bigint NOT NULL,
  width      integer NOT NULL DEFAULT 0,
  height     integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  created_by bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN blob_file.width IS 'pixels; 0 where it is not a picture';
CREATE INDEX blob_file_created_idx ON blob_file (created_at DESC, id DESC);
CREATE TABLE blob_chunk (
  file_id bigint NOT NULL,
  seq     integer NOT NULL,
  body    bytea NOT NULL,
  PRIMARY KEY (file_id, seq)
);
CREATE TABLE media_upload (
  file_id     bigint NOT NULL,
  use         text NOT NULL CHECK (use IN ('image','video','file','moments','album')),
  media_id    text NOT NULL,
  uploaded_at timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (file_id, use)
);
COMMENT ON COLUMN media_upload.expires_at IS 'on the corp''s clock';
ALTER TABLE livecode_code ADD COLUMN welcome_parts jsonb NOT NULL DEFAULT '[]';
