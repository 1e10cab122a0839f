-- Which events hold back later ones of their entity is asked with every look into a lane. The index by entity goes through
-- an entity's whole past; this one holds the few that failed and wait.
-- +goose Up
CREATE INDEX inbox_event_held_idx ON inbox_event (entity, id) WHERE state = 'new' AND attempts > 0;
