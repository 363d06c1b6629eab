-- Who wrote it is asked of answers only: what customers write, most of all messages, does without an entry here.
DROP INDEX messages_agent_idx;
CREATE INDEX messages_agent_idx ON messages (agent_id, id) WHERE agent_id IS NOT NULL;
