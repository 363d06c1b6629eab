-- Messages of WhatsApp groups are kept only where somebody wants it: most are private.
ALTER TABLE sessions ADD COLUMN keeps_groups BOOLEAN NOT NULL DEFAULT FALSE;
