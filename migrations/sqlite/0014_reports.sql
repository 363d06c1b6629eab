-- Presence over time, what a closing by the hub itself is known by, and what keeps reports quick.

-- A stretch of an agent's shown status. One follows the other; the one without an end is the present.
CREATE TABLE presence_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    -- What was shown before.
    previous TEXT NOT NULL CHECK (previous IN ('online', 'offline', 'busy', 'away')),
    status TEXT NOT NULL CHECK (status IN ('online', 'offline', 'busy', 'away')),
    message TEXT NOT NULL,
    -- Of the pause, or of whoever set the agent offline.
    reason TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('self', 'silence', 'forced', 'offers', 'deactivated')),
    -- The person who forced it.
    changed_by INTEGER REFERENCES agents (id),
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK (ended_at IS NULL OR ended_at >= started_at)
) STRICT;

CREATE UNIQUE INDEX presence_history_open_key ON presence_history (agent_id) WHERE ended_at IS NULL;
CREATE INDEX presence_history_agent_idx ON presence_history (agent_id, started_at);
CREATE INDEX presence_history_started_idx ON presence_history (started_at);

ALTER TABLE tickets ADD COLUMN is_auto_closed INTEGER NOT NULL DEFAULT 0;
UPDATE tickets SET is_auto_closed = 1
WHERE status = 'closed' AND notes LIKE '%Encerrado automaticamente por inatividade (%';

CREATE INDEX tickets_closed_idx ON tickets (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX tickets_first_response_idx ON tickets (first_response_at) WHERE first_response_at IS NOT NULL;
CREATE INDEX ticket_segments_owned_idx ON ticket_segments (started_at) WHERE agent_id IS NOT NULL;
CREATE INDEX ticket_segments_ended_idx ON ticket_segments (ended_at)
    WHERE ended_at IS NOT NULL AND agent_id IS NOT NULL;
CREATE INDEX transfers_created_idx ON transfers (created_at);
CREATE INDEX routing_decisions_created_idx ON routing_decisions (created_at, kind);
-- With whom a ticket was at an instant, out of the index alone.
DROP INDEX ticket_segments_ticket_idx;
CREATE INDEX ticket_segments_ticket_idx
    ON ticket_segments (ticket_id, id, started_at, agent_id, department_id);
-- Everything that is counted of a message, so that its text is not read.
CREATE INDEX messages_created_idx ON messages (created_at, direction, ticket_id, agent_id, is_automatic);
