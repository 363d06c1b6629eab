-- Routing: offers, skills, overflow, hand-overs that come back, and why the hub decided as it did.

ALTER TABLE departments ADD COLUMN assignment_mode TEXT NOT NULL DEFAULT 'assign'
    CHECK (assignment_mode IN ('assign', 'offer'));
ALTER TABLE departments ADD COLUMN offer_seconds INTEGER NOT NULL DEFAULT 30 CHECK (offer_seconds >= 1);
ALTER TABLE departments ADD COLUMN offer_timeouts_max INTEGER NOT NULL DEFAULT 3
    CHECK (offer_timeouts_max >= 1);
-- Seconds of waiting after which the last, the last two, … skills are no longer asked for.
ALTER TABLE departments ADD COLUMN skill_waits TEXT NOT NULL DEFAULT '60 180';
ALTER TABLE departments ADD COLUMN overflow_department_id INTEGER
    REFERENCES departments (id) ON DELETE SET NULL;
ALTER TABLE departments ADD COLUMN overflow_wait_seconds INTEGER NOT NULL DEFAULT 600
    CHECK (overflow_wait_seconds >= 1);
-- 0: a hand-over that nobody takes stays where it is.
ALTER TABLE departments ADD COLUMN transfer_return_seconds INTEGER NOT NULL DEFAULT 600
    CHECK (transfer_return_seconds >= 0);

-- Words, separated by spaces.
ALTER TABLE agents ADD COLUMN skills TEXT NOT NULL DEFAULT '';
-- Offers in a row that were not answered.
ALTER TABLE agent_presence ADD COLUMN missed_offers INTEGER NOT NULL DEFAULT 0;

ALTER TABLE queue_entries ADD COLUMN skills TEXT NOT NULL DEFAULT '';
-- In this department's queue since then; `entered_at` is the age, which goes along.
ALTER TABLE queue_entries ADD COLUMN queued_at INTEGER;
ALTER TABLE queue_entries ADD COLUMN offered_agent_id INTEGER REFERENCES agents (id);
ALTER TABLE queue_entries ADD COLUMN offered_until INTEGER;
-- Agents who refused it or let it pass, and departments that it overflowed from.
ALTER TABLE queue_entries ADD COLUMN declined_by TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_entries ADD COLUMN visited TEXT NOT NULL DEFAULT '';
-- A supervisor put it first.
ALTER TABLE queue_entries ADD COLUMN pinned_at INTEGER;
UPDATE queue_entries SET queued_at = entered_at;

ALTER TABLE transfers ADD COLUMN returns_at INTEGER;
ALTER TABLE transfers ADD COLUMN returned_at INTEGER;
CREATE INDEX transfers_due_idx ON transfers (returns_at)
    WHERE returns_at IS NOT NULL AND accepted_at IS NULL AND returned_at IS NULL;

-- A stretch of a ticket with one department and one owner; without an owner it waited.
CREATE TABLE ticket_segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    department_id INTEGER NOT NULL REFERENCES departments (id),
    agent_id INTEGER REFERENCES agents (id),
    started_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE UNIQUE INDEX ticket_segments_open_key ON ticket_segments (ticket_id) WHERE ended_at IS NULL;
CREATE INDEX ticket_segments_ticket_idx ON ticket_segments (ticket_id, id);
CREATE INDEX ticket_segments_agent_idx ON ticket_segments (agent_id, started_at);
CREATE INDEX ticket_segments_department_idx ON ticket_segments (department_id, started_at);

INSERT INTO ticket_segments (ticket_id, department_id, agent_id, started_at, ended_at)
SELECT id, department_id, NULL, created_at, COALESCE(started_at, closed_at) FROM tickets;
INSERT INTO ticket_segments (ticket_id, department_id, agent_id, started_at, ended_at)
SELECT id, department_id, agent_id, started_at, closed_at FROM tickets
WHERE started_at IS NOT NULL AND agent_id IS NOT NULL;

CREATE TABLE routing_decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    department_id INTEGER NOT NULL REFERENCES departments (id),
    kind TEXT NOT NULL,
    -- Whom it was given to.
    agent_id INTEGER REFERENCES agents (id),
    -- The person who decided; nobody when the hub did.
    decided_by INTEGER REFERENCES agents (id),
    -- A JSON object: who could have had it, and why not.
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX routing_decisions_ticket_idx ON routing_decisions (ticket_id, id);
