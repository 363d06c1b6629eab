-- Opening hours of departments, what the hub itself has told a customer, and who is credited with a rating.

-- NULL keeps the company's.
ALTER TABLE departments ADD COLUMN opening_hours JSONB;

-- Written with the message that they speak of, so that nothing is said twice.
ALTER TABLE tickets ADD COLUMN greeted_at TIMESTAMPTZ;
ALTER TABLE tickets ADD COLUMN out_of_hours_told_at TIMESTAMPTZ;
ALTER TABLE tickets ADD COLUMN absence_told_at TIMESTAMPTZ;
ALTER TABLE tickets ADD COLUMN nudged_at TIMESTAMPTZ;
ALTER TABLE tickets ADD COLUMN rating_asked_at TIMESTAMPTZ;
-- Requests for a rating in a row, before this ticket, that were answered with something else.
ALTER TABLE tickets ADD COLUMN rating_requests BIGINT NOT NULL DEFAULT 0;

-- The agents who had the ticket, each with the rating that it got.
CREATE TABLE rating_credits (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    agent_id BIGINT NOT NULL REFERENCES agents (id),
    rating BIGINT NOT NULL CHECK (rating BETWEEN 1 AND 5),
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (ticket_id, agent_id)
);

CREATE INDEX rating_credits_agent_idx ON rating_credits (agent_id, at);

INSERT INTO rating_credits (ticket_id, agent_id, rating, at)
SELECT DISTINCT t.id, s.agent_id, t.rating, COALESCE(t.closed_at, t.updated_at)
FROM tickets t JOIN ticket_segments s ON s.ticket_id = t.id
WHERE t.rating IS NOT NULL AND s.agent_id IS NOT NULL;

-- Who was served lately, for the time that others will wait.
CREATE INDEX queue_entries_served_idx ON queue_entries (department_id, assigned_at)
    WHERE assigned_at IS NOT NULL;

-- The text spoke of a closing that has happened; it is a warning now. Only the old default is replaced.
UPDATE settings SET document = REPLACE(
    document::TEXT,
    'Encerramos o atendimento por falta de resposta. Se precisar, é só escrever de novo.',
    'Você ainda está aí? Sem resposta, encerraremos este atendimento em {{minutos}} minutos.'
)::JSONB WHERE section = 'chat';
