-- Other addresses of people whom a number knows already, learnt from the network: the number without or
-- with its ninth digit, a hidden address. Never guessed.
CREATE TABLE chat_aliases (
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    alias TEXT NOT NULL,
    chat_id TEXT NOT NULL,
    learnt_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, alias)
) STRICT;
