-- What real networks carry beside texts: contents of more kinds, quotes, files, reactions, edits; and
-- what is known of a message before its original is.

-- SQLite cannot widen a CHECK: the table is made anew, the referring ones first out of the way.
CREATE TABLE chat_reads_kept AS SELECT * FROM chat_reads;
CREATE TABLE chat_receipts_kept AS SELECT * FROM chat_receipts;
DROP TABLE chat_reads;
DROP TABLE chat_receipts;

CREATE TABLE messages_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    ticket_id INTEGER REFERENCES tickets (id),
    agent_id INTEGER REFERENCES agents (id),
    chat_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    client_message_id TEXT,
    task_id TEXT,
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    kind TEXT NOT NULL CHECK (kind IN ('text', 'image', 'audio', 'video', 'document', 'location', 'contact', 'sticker', 'template', 'interactive', 'poll')),
    status TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'delivered', 'read')),
    -- Place of the status in its order; an update only ever raises it.
    status_rank INTEGER NOT NULL,
    phone TEXT NOT NULL,
    contact_name TEXT NOT NULL,
    text TEXT NOT NULL,
    media_url TEXT,
    media_mime_type TEXT,
    media_size INTEGER,
    raw_payload TEXT,
    protocol_version TEXT NOT NULL,
    is_automatic INTEGER NOT NULL,
    error TEXT NOT NULL,
    provider_at INTEGER,
    created_at INTEGER NOT NULL,
    queued_at INTEGER,
    sent_at INTEGER,
    delivered_at INTEGER,
    read_at INTEGER,
    -- The stored file.
    media_key TEXT REFERENCES files (key),
    media_status TEXT CHECK (media_status IN ('pending', 'ready', 'failed')),
    -- What the kind carries beside its text, as JSON.
    details TEXT,
    quoted_message_id TEXT,
    -- The network's own id, where it does not take ours.
    network_id TEXT,
    customer_reaction TEXT NOT NULL DEFAULT '',
    company_reaction TEXT NOT NULL DEFAULT '',
    edited_at INTEGER,
    deleted_at INTEGER
) STRICT;
INSERT INTO messages_new (id, session_id, ticket_id, agent_id, chat_id, message_id, client_message_id,
    task_id, direction, kind, status, status_rank, phone, contact_name, text, media_url, media_mime_type,
    media_size, raw_payload, protocol_version, is_automatic, error, provider_at, created_at, queued_at,
    sent_at, delivered_at, read_at)
SELECT id, session_id, ticket_id, agent_id, chat_id, message_id, client_message_id,
    task_id, direction, kind, status, status_rank, phone, contact_name, text, media_url, media_mime_type,
    media_size, raw_payload, protocol_version, is_automatic, error, provider_at, created_at, queued_at,
    sent_at, delivered_at, read_at
FROM messages;
DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;

-- A second delivery of the same message is recognised by these.
CREATE UNIQUE INDEX messages_provider_key ON messages (session_id, message_id);
CREATE UNIQUE INDEX messages_client_key ON messages (agent_id, client_message_id)
    WHERE client_message_id IS NOT NULL;
CREATE UNIQUE INDEX messages_network_key ON messages (session_id, network_id)
    WHERE network_id IS NOT NULL;
CREATE INDEX messages_ticket_idx ON messages (ticket_id, id);
CREATE INDEX messages_chat_idx ON messages (chat_id, id);
CREATE INDEX messages_agent_idx ON messages (agent_id, id);
-- What is still to be sent after a restart.
CREATE INDEX messages_unsent_idx ON messages (session_id, id)
    WHERE status IN ('queued', 'sending');
-- Everything that is counted of a message, so that its text is not read.
CREATE INDEX messages_created_idx ON messages (created_at, direction, ticket_id, agent_id, is_automatic);
-- Files still to be fetched.
CREATE INDEX messages_media_idx ON messages (session_id, id) WHERE media_status = 'pending';
-- Which messages show a file.
CREATE INDEX messages_media_key_idx ON messages (media_key) WHERE media_key IS NOT NULL;

CREATE TABLE chat_reads (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    message_id INTEGER NOT NULL REFERENCES messages (id),
    read_at INTEGER NOT NULL,
    PRIMARY KEY (ticket_id, agent_id)
) STRICT;
CREATE TABLE chat_receipts (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    message_id INTEGER NOT NULL REFERENCES messages (id)
) STRICT;
INSERT INTO chat_reads (ticket_id, agent_id, message_id, read_at)
SELECT ticket_id, agent_id, message_id, read_at FROM chat_reads_kept;
INSERT INTO chat_receipts (ticket_id, message_id)
SELECT ticket_id, message_id FROM chat_receipts_kept;
DROP TABLE chat_reads_kept;
DROP TABLE chat_receipts_kept;

-- What became of a message after it was sent: reactions, edits, being taken back, votes. Each is stored
-- once; one before its original waits for it.
CREATE TABLE message_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    chat_id TEXT NOT NULL,
    -- The network's id of the message that changes.
    target_id TEXT NOT NULL,
    -- The change's own id.
    change_id TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('customer', 'company')),
    -- Whoever of the company did it here.
    agent_id INTEGER REFERENCES agents (id),
    kind TEXT NOT NULL CHECK (kind IN ('reaction', 'edit', 'deletion', 'vote')),
    -- The emoji (empty: taken away), the new text, the options chosen (JSON).
    value TEXT NOT NULL,
    -- What the value replaced.
    previous TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- NULL: its original has not come yet.
    message_row_id INTEGER REFERENCES messages (id)
) STRICT;

CREATE UNIQUE INDEX message_changes_key ON message_changes (session_id, change_id);
CREATE INDEX message_changes_message_idx ON message_changes (message_row_id, id);
CREATE INDEX message_changes_parked_idx ON message_changes (session_id, target_id)
    WHERE message_row_id IS NULL;

-- The speed of a number: at least so long between two messages, NULL as the network's kind asks; and how
-- many people who never wrote may be written to in a day, NULL as the network's kind asks.
ALTER TABLE sessions ADD COLUMN pace_ms INTEGER;
ALTER TABLE sessions ADD COLUMN cold_contacts_per_day INTEGER;
-- The network takes no messages to people who never wrote until then.
ALTER TABLE sessions ADD COLUMN cold_blocked_until INTEGER;

-- People who were written to before they ever wrote, and when first.
CREATE TABLE cold_contacts (
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    chat_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (session_id, chat_id)
) STRICT;

CREATE INDEX cold_contacts_at_idx ON cold_contacts (session_id, at);
