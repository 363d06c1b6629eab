-- Who changed what. Append-only: the database itself refuses changes and deletions.

CREATE TABLE audit_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    -- NULL: the hub itself, or somebody who was not signed in.
    agent_id INTEGER REFERENCES agents (id),
    action TEXT NOT NULL CHECK (action IN ('created', 'updated', 'deleted', 'generated', 'exported', 'imported')),
    subject TEXT NOT NULL CHECK (subject IN ('agent', 'group', 'department', 'session', 'settings', 'customer', 'company_group', 'contact', 'document')),
    -- NULL where the subject has a name only (a section of the settings).
    subject_id INTEGER,
    subject_name TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;

CREATE INDEX audit_entries_subject_idx ON audit_entries (subject, subject_id, id);
CREATE INDEX audit_entries_agent_idx ON audit_entries (agent_id, id);

CREATE TABLE audit_changes (
    entry_id INTEGER NOT NULL REFERENCES audit_entries (id),
    field TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    PRIMARY KEY (entry_id, field)
) STRICT;

CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_changes_no_update BEFORE UPDATE ON audit_changes
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_changes_no_delete BEFORE DELETE ON audit_changes
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
