-- How each person wants to be told. No row: everything is switched on.

CREATE TABLE notification_preferences (
    agent_id INTEGER PRIMARY KEY REFERENCES agents (id),
    sound_message INTEGER NOT NULL,
    sound_chat INTEGER NOT NULL,
    sound_transfer INTEGER NOT NULL,
    desktop_message INTEGER NOT NULL,
    desktop_chat INTEGER NOT NULL,
    desktop_transfer INTEGER NOT NULL,
    badge_messages INTEGER NOT NULL,
    badge_chats INTEGER NOT NULL,
    do_not_disturb INTEGER NOT NULL,
    -- Seconds after midnight in São Paulo.
    quiet_from_second INTEGER CHECK (quiet_from_second BETWEEN 0 AND 86399),
    quiet_until_second INTEGER CHECK (quiet_until_second BETWEEN 0 AND 86399),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
