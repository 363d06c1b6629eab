-- Lists of chats begin with what was said last, whatever the number of those that are over: a page is read in the
-- order of this index instead of sorting all of them.
CREATE INDEX tickets_recent_idx ON tickets ((COALESCE(last_message_at, created_at)), id);

-- What somebody may see is counted without reading the tickets themselves.
DROP INDEX tickets_open_agent_idx;
CREATE INDEX tickets_agent_idx ON tickets (agent_id, status, department_id);
DROP INDEX tickets_department_idx;
CREATE INDEX tickets_department_idx ON tickets (department_id, status, agent_id);
