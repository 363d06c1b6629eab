-- What people note about a chat without changing its course: reading marks, notes, tags; quick replies;
-- and the index for searching in messages.

-- How far each person has read in a ticket.
CREATE TABLE chat_reads (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    message_id INTEGER NOT NULL REFERENCES messages (id),
    read_at INTEGER NOT NULL,
    PRIMARY KEY (ticket_id, agent_id)
) STRICT;

-- How far the network has taken receipts.
CREATE TABLE chat_receipts (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    message_id INTEGER NOT NULL REFERENCES messages (id)
) STRICT;

CREATE TABLE chat_notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX chat_notes_ticket_idx ON chat_notes (ticket_id, id);

CREATE TABLE chat_tags (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (ticket_id, tag)
) STRICT;

CREATE INDEX chat_tags_tag_idx ON chat_tags (tag, ticket_id);

CREATE TABLE quick_replies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL: for everybody.
    department_id INTEGER REFERENCES departments (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    shortcut TEXT NOT NULL,
    text TEXT NOT NULL,
    created_by INTEGER REFERENCES agents (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    search_text TEXT NOT NULL
) STRICT;

-- A shortcut means one text in a department, and one among the general ones.
CREATE UNIQUE INDEX quick_replies_department_key ON quick_replies (department_id, shortcut)
    WHERE department_id IS NOT NULL;
CREATE UNIQUE INDEX quick_replies_general_key ON quick_replies (shortcut)
    WHERE department_id IS NULL;

-- The words of each message, without accents and case; the store writes them with the message. The text
-- itself is in `messages` only. `rowid` is the message's id.
CREATE VIRTUAL TABLE message_search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');

-- Messages that are older than the index: those up to this id are still to be indexed. One row.
CREATE TABLE search_backlog (
    up_to INTEGER NOT NULL
) STRICT;

INSERT INTO search_backlog (up_to) SELECT COALESCE(MAX(id), 0) FROM messages;

-- The trail learns of notes and quick replies. A CHECK cannot be changed in place: both tables are written
-- anew, the referring one first out of the way.
CREATE TABLE audit_changes_kept AS SELECT * FROM audit_changes;
DROP TABLE audit_changes;
CREATE TABLE audit_entries_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    -- NULL: the hub itself, or somebody who was not signed in.
    agent_id INTEGER REFERENCES agents (id),
    action TEXT NOT NULL CHECK (action IN ('created', 'updated', 'deleted', 'generated', 'exported', 'imported')),
    subject TEXT NOT NULL CHECK (subject IN ('agent', 'group', 'department', 'session', 'settings', 'customer', 'company_group', 'contact', 'document', 'note', 'quick_reply')),
    -- NULL where the subject has a name only (a section of the settings).
    subject_id INTEGER,
    subject_name TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
INSERT INTO audit_entries_new (id, at, agent_id, action, subject, subject_id, subject_name, note)
SELECT id, at, agent_id, action, subject, subject_id, subject_name, note FROM audit_entries;
DROP TABLE audit_entries;
ALTER TABLE audit_entries_new RENAME TO audit_entries;
CREATE INDEX audit_entries_subject_idx ON audit_entries (subject, subject_id, id);
CREATE INDEX audit_entries_agent_idx ON audit_entries (agent_id, id);
CREATE TABLE audit_changes (
    entry_id INTEGER NOT NULL REFERENCES audit_entries (id),
    field TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    PRIMARY KEY (entry_id, field)
) STRICT;
INSERT INTO audit_changes (entry_id, field, old_value, new_value)
SELECT entry_id, field, old_value, new_value FROM audit_changes_kept;
DROP TABLE audit_changes_kept;

CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_changes_no_update BEFORE UPDATE ON audit_changes
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_changes_no_delete BEFORE DELETE ON audit_changes
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
