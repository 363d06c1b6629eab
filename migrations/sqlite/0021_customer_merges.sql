-- Customers that turned out to be one, and what it takes to part them again.

-- Whose customer this one is now; he is hidden like a deleted one and nothing of him is changed. Always
-- the one who is shown: when that one is merged himself, this follows.
ALTER TABLE customers ADD COLUMN merged_into INTEGER REFERENCES customers (id);
-- What those who were merged into this one are found by.
ALTER TABLE customers ADD COLUMN merged_text TEXT NOT NULL DEFAULT '';

CREATE INDEX customers_merged_idx ON customers (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE customer_merges (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    survivor_id INTEGER NOT NULL REFERENCES customers (id),
    merged_id INTEGER NOT NULL REFERENCES customers (id),
    reason TEXT NOT NULL,
    -- Which rows went over and which details were taken.
    record TEXT NOT NULL,
    merged_by INTEGER REFERENCES agents (id),
    merged_at INTEGER NOT NULL,
    separated_by INTEGER REFERENCES agents (id),
    separated_at INTEGER
) STRICT;

-- A customer is merged into one other at a time.
CREATE UNIQUE INDEX customer_merges_open_key ON customer_merges (merged_id) WHERE separated_at IS NULL;
CREATE INDEX customer_merges_survivor_idx ON customer_merges (survivor_id, id);
