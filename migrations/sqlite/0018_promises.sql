-- What customers are promised, as instants: reckoned with opening hours when a chat enters a queue. Whoever
-- gave a chat away, and notes of tickets in the form in which they are searched.

-- From when on it is about to be late in this queue, and from when on it is late.
ALTER TABLE queue_entries ADD COLUMN closing_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue_entries ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
-- Until when the first answer was promised; settled by that answer, or by the end of the ticket.
ALTER TABLE tickets ADD COLUMN answer_due_at INTEGER;

-- Who gave it into this queue, and until when he is not given it back.
ALTER TABLE queue_entries ADD COLUMN given_by INTEGER REFERENCES agents (id);
ALTER TABLE queue_entries ADD COLUMN given_until INTEGER;

-- `notes` as they are searched; older ones are filled in at the start.
ALTER TABLE tickets ADD COLUMN notes_plain TEXT NOT NULL DEFAULT '';

-- Until now promises ran on the wall clock; what is past keeps its figures. Queues reckon anew at their start.
UPDATE queue_entries SET
    closing_at = entered_at + 45000000 * (SELECT d.response_target_minutes FROM departments d
        WHERE d.id = queue_entries.department_id),
    due_at = entered_at + 60000000 * (SELECT d.response_target_minutes FROM departments d
        WHERE d.id = queue_entries.department_id);
UPDATE tickets SET answer_due_at = created_at + 60000000 * (
    SELECT d.response_target_minutes FROM departments d WHERE d.id = COALESCE(
        (SELECT s.department_id FROM ticket_segments s WHERE s.ticket_id = tickets.id
            AND s.started_at <= tickets.first_response_at ORDER BY s.id DESC LIMIT 1),
        tickets.department_id));
