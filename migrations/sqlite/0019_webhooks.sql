-- What other systems of the company are told. An event is written in the transaction of the change that it
-- tells of, and only while some endpoint wants to hear of its kind.

CREATE TABLE webhook_endpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    -- Kinds of events, separated by spaces.
    events TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    -- Sealed. The previous one signs, too, until then.
    secret TEXT NOT NULL,
    previous_secret TEXT NOT NULL,
    previous_secret_until INTEGER,
    -- Failed attempts since the last success.
    failures INTEGER NOT NULL,
    -- Nothing is sent before; `pauses` in a row make the next one longer.
    paused_until INTEGER,
    pauses INTEGER NOT NULL,
    last_success_at INTEGER,
    last_failure_at INTEGER,
    last_error TEXT NOT NULL,
    created_by INTEGER REFERENCES agents (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- No CHECK and no reference: what is told of must never be refused because of the telling.
CREATE TABLE integration_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- What it speaks of, as it was then.
    session_id INTEGER,
    ticket_id INTEGER,
    message_id INTEGER,
    change_id INTEGER,
    transfer_id INTEGER,
    department_id INTEGER,
    from_department_id INTEGER,
    agent_id INTEGER,
    rated_by INTEGER,
    rating INTEGER,
    message_status TEXT,
    session_status TEXT,
    -- What is sent, byte for byte, at every attempt; NULL until it is put together.
    body TEXT
) STRICT;

CREATE INDEX integration_events_new_idx ON integration_events (id) WHERE body IS NULL;
CREATE INDEX integration_events_at_idx ON integration_events (at);

CREATE TABLE webhook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id INTEGER NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_row_id INTEGER NOT NULL REFERENCES integration_events (id) ON DELETE CASCADE,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
    -- Since it was made or sent again.
    attempts INTEGER NOT NULL,
    -- How often somebody had it sent again.
    replays INTEGER NOT NULL,
    -- NULL: nobody tries by himself (a test that is under way, or it is over).
    next_attempt_at INTEGER,
    last_attempt_at INTEGER,
    last_status_code INTEGER,
    last_duration_ms INTEGER,
    last_error TEXT NOT NULL,
    last_answer TEXT NOT NULL,
    delivered_at INTEGER,
    created_at INTEGER NOT NULL,
    -- Since it was made or sent again.
    waiting_since INTEGER NOT NULL,
    CONSTRAINT webhook_deliveries_event_key UNIQUE (endpoint_id, event_row_id)
) STRICT;

CREATE INDEX webhook_deliveries_pending_idx ON webhook_deliveries (endpoint_id, event_row_id)
    WHERE status = 'pending';
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at)
    WHERE status = 'pending';
CREATE INDEX webhook_deliveries_status_idx ON webhook_deliveries (endpoint_id, status, id);
CREATE INDEX webhook_deliveries_event_idx ON webhook_deliveries (event_row_id);

-- Managers may manage them.
INSERT INTO group_permissions (group_id, permission_id)
    SELECT g.id, 19 FROM groups AS g WHERE g.role = 'manager';
