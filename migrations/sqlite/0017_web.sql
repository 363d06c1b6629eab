-- What a network's client keeps for a number (keys, ratchets, addresses), sealed; who owns a number.

CREATE TABLE web_records (
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    -- Sealed: opens only for this number, kind and key.
    value BLOB NOT NULL,
    -- Seconds since 1970 in the network's own time, as the kind understands them: what is swept is older
    -- than both limits.
    stamp INTEGER NOT NULL,
    other_stamp INTEGER NOT NULL,
    PRIMARY KEY (session_id, kind, key)
) STRICT;

CREATE INDEX web_records_stamp_idx ON web_records (session_id, kind, stamp);

CREATE TABLE session_owners (
    session_id INTEGER PRIMARY KEY REFERENCES sessions (id),
    -- The same in every copy of this number, here and on other servers.
    lineage TEXT NOT NULL,
    -- Grows when somebody else takes the number over; writes of an older one are refused.
    generation INTEGER NOT NULL,
    -- Grows with every change of the records: a copy with a lower one is out of date.
    revision INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX session_owners_lineage_key ON session_owners (lineage);
