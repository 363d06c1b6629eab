-- What became of the connection of each number, for people who ask why it is as it is.

CREATE TABLE session_states (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    status TEXT NOT NULL CHECK (status IN ('disconnected', 'connecting', 'qrcode', 'authenticated', 'ready', 'error')),
    -- As in `sessions.last_error`.
    reason TEXT NOT NULL,
    -- Automatic attempts to come back in a row.
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX session_states_session_idx ON session_states (session_id, id);

INSERT INTO session_states (session_id, status, reason, attempts, at)
SELECT id, status, last_error, reconnect_attempts, updated_at FROM sessions ORDER BY id;

-- When something last came in over the number, and when something last left.
ALTER TABLE sessions ADD COLUMN last_received_at INTEGER;
ALTER TABLE sessions ADD COLUMN last_sent_at INTEGER;
UPDATE sessions SET
    last_received_at = (SELECT MAX(created_at) FROM messages
        WHERE session_id = sessions.id AND direction = 'inbound'),
    last_sent_at = (SELECT MAX(sent_at) FROM messages
        WHERE session_id = sessions.id AND direction = 'outbound');
