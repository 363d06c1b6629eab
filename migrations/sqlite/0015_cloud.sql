-- Numbers of Meta's Cloud API, their approved templates, and warnings before a reply window closes.

CREATE TABLE cloud_numbers (
    session_id INTEGER PRIMARY KEY REFERENCES sessions (id),
    -- Meta's id of the number; empty where the environment's counts.
    phone_number_id TEXT NOT NULL,
    business_account_id TEXT NOT NULL,
    -- Sealed; empty where the environment's count.
    access_token TEXT NOT NULL,
    app_secret TEXT NOT NULL,
    -- Accepted as well while the secret is being exchanged.
    previous_app_secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX cloud_numbers_phone_key ON cloud_numbers (phone_number_id)
    WHERE phone_number_id <> '';

-- As the network showed them at the last synchronisation.
CREATE TABLE message_templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    network_id TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    category TEXT NOT NULL,
    status TEXT NOT NULL CHECK (
        status IN ('approved', 'pending', 'rejected', 'paused', 'disabled', 'other')
    ),
    rejected_reason TEXT NOT NULL,
    -- JSON, in the network's own form.
    components TEXT NOT NULL,
    synced_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX message_templates_name_key ON message_templates (session_id, name, language);

-- Written before the warning is told, so that no window is warned of twice.
CREATE TABLE window_warnings (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    -- The customer's message that the window counts from.
    window_from INTEGER NOT NULL
) STRICT;
