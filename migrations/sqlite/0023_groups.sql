-- Messages of WhatsApp groups are kept only where somebody wants it: most are private.
ALTER TABLE sessions ADD COLUMN keeps_groups INTEGER NOT NULL DEFAULT 0 CHECK (keeps_groups IN (0, 1));
