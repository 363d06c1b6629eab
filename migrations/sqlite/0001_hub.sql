-- The hub's own data. Times are microseconds since 1970 (SQLite) or TIMESTAMPTZ (PostgreSQL); closed
-- vocabularies are TEXT in English; the same tables and columns exist on both databases.

CREATE TABLE agents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL CONSTRAINT agents_username_key UNIQUE,
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('agent', 'supervisor', 'manager', 'admin')),
    is_active INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    tokens_valid_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE agent_presence (
    agent_id INTEGER PRIMARY KEY REFERENCES agents (id),
    wish TEXT CHECK (wish IN ('online', 'offline', 'busy', 'away')),
    message TEXT NOT NULL,
    last_seen INTEGER,
    status_changed_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE departments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CONSTRAINT departments_name_key UNIQUE,
    description TEXT NOT NULL,
    color TEXT NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity >= 1),
    response_target_minutes INTEGER NOT NULL CHECK (response_target_minutes >= 1),
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE department_members (
    department_id INTEGER NOT NULL REFERENCES departments (id) ON DELETE CASCADE,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    PRIMARY KEY (department_id, agent_id)
) STRICT;

CREATE TABLE settings (
    section TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE customers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX customers_phone_idx ON customers (phone);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL CHECK (provider IN ('sandbox', 'web', 'cloud')),
    department_id INTEGER REFERENCES departments (id) ON DELETE SET NULL,
    created_by INTEGER REFERENCES agents (id),
    device_name TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('disconnected', 'connecting', 'qrcode', 'authenticated', 'ready', 'error')),
    is_default INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    auto_reconnect INTEGER NOT NULL,
    proxy_enabled INTEGER NOT NULL,
    proxy_url TEXT NOT NULL,
    messages_sent INTEGER NOT NULL DEFAULT 0,
    messages_received INTEGER NOT NULL DEFAULT 0,
    error_count INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    reconnect_attempts INTEGER NOT NULL DEFAULT 0,
    last_reconnect_at INTEGER,
    last_message_at INTEGER,
    connected_at INTEGER,
    disconnected_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- There is one number that everything goes to which names none.
CREATE UNIQUE INDEX sessions_default_key ON sessions (is_default) WHERE is_default;

CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    chat_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    department_id INTEGER NOT NULL REFERENCES departments (id),
    agent_id INTEGER REFERENCES agents (id),
    status TEXT NOT NULL CHECK (status IN ('waiting', 'active', 'paused', 'closed', 'cancelled')),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    version INTEGER NOT NULL,
    customer_messages INTEGER NOT NULL,
    agent_messages INTEGER NOT NULL,
    rating INTEGER CHECK (rating BETWEEN 1 AND 5),
    rating_comment TEXT NOT NULL,
    rated_by INTEGER REFERENCES agents (id),
    notes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- Since when the present owner has it.
    owned_since INTEGER,
    started_at INTEGER,
    first_response_at INTEGER,
    closed_at INTEGER,
    updated_at INTEGER NOT NULL,
    last_message_at INTEGER,
    awaiting_since INTEGER
) STRICT;

-- One open ticket per chat, whatever the actors do.
CREATE UNIQUE INDEX tickets_open_chat_key ON tickets (session_id, chat_id)
    WHERE status IN ('waiting', 'active', 'paused');
CREATE INDEX tickets_chat_idx ON tickets (chat_id, id);
CREATE INDEX tickets_open_agent_idx ON tickets (agent_id)
    WHERE status IN ('waiting', 'active', 'paused');
CREATE INDEX tickets_open_idle_idx ON tickets (last_message_at)
    WHERE status = 'active';
CREATE INDEX tickets_department_idx ON tickets (department_id, status);
CREATE INDEX tickets_customer_idx ON tickets (customer_id, id);
CREATE INDEX tickets_created_idx ON tickets (created_at);

CREATE TABLE queue_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL CONSTRAINT queue_entries_ticket_key UNIQUE REFERENCES tickets (id),
    department_id INTEGER NOT NULL REFERENCES departments (id),
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    chat_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    first_message TEXT NOT NULL,
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    sticky_agent_id INTEGER REFERENCES agents (id),
    entered_at INTEGER NOT NULL,
    assigned_at INTEGER,
    removed_at INTEGER
) STRICT;

CREATE INDEX queue_entries_waiting_idx ON queue_entries (department_id, entered_at)
    WHERE assigned_at IS NULL AND removed_at IS NULL;

CREATE TABLE transfers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    from_agent_id INTEGER REFERENCES agents (id),
    to_agent_id INTEGER REFERENCES agents (id),
    from_department_id INTEGER NOT NULL REFERENCES departments (id),
    to_department_id INTEGER NOT NULL REFERENCES departments (id),
    reason TEXT NOT NULL,
    created_by INTEGER REFERENCES agents (id),
    accepted_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX transfers_ticket_idx ON transfers (ticket_id);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    ticket_id INTEGER REFERENCES tickets (id),
    agent_id INTEGER REFERENCES agents (id),
    chat_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    client_message_id TEXT,
    task_id TEXT,
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    kind TEXT NOT NULL CHECK (kind IN ('text', 'image', 'audio', 'video', 'document', 'location', 'contact', 'sticker')),
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
    read_at INTEGER
) STRICT;

-- A second delivery of the same message is recognised by these.
CREATE UNIQUE INDEX messages_provider_key ON messages (session_id, message_id);
CREATE UNIQUE INDEX messages_client_key ON messages (agent_id, client_message_id)
    WHERE client_message_id IS NOT NULL;
CREATE INDEX messages_ticket_idx ON messages (ticket_id, id);
CREATE INDEX messages_chat_idx ON messages (chat_id, id);
CREATE INDEX messages_agent_idx ON messages (agent_id, id);
-- What is still to be sent after a restart.
CREATE INDEX messages_unsent_idx ON messages (session_id, id)
    WHERE status IN ('queued', 'sending');
