-- Files and the documents of customers. The bytes are in the storage, under the key; `state` says
-- whether anything refers to them, so that what was left behind can be found without listing the storage.

CREATE TABLE files (
    key TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('pending', 'kept', 'released', 'doomed')),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX files_abandoned_idx ON files (changed_at) WHERE state <> 'kept';

CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('contract', 'boleto', 'proposal', 'certificate', 'license', 'permit', 'receipt', 'other')),
    status TEXT NOT NULL CHECK (status IN ('generated', 'sent', 'signed', 'cancelled', 'approved', 'rejected', 'expired')),
    origin TEXT NOT NULL CHECK (origin IN ('manual', 'generated', 'imported')),
    file_key TEXT NOT NULL REFERENCES files (key),
    -- What the file is called when it is saved; never a path.
    file_name TEXT NOT NULL,
    description TEXT NOT NULL,
    template_name TEXT NOT NULL,
    -- A JSON object.
    filled_data TEXT NOT NULL,
    due_date TEXT,
    uploaded_by INTEGER REFERENCES agents (id),
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX documents_customer_idx ON documents (customer_id, created_at);
CREATE INDEX documents_uploaded_by_idx ON documents (uploaded_by);
CREATE INDEX documents_created_idx ON documents (created_at);
CREATE UNIQUE INDEX documents_file_key ON documents (file_key);

-- Numbers that must never be given twice. Gaps are allowed.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
