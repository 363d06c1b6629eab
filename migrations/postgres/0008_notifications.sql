-- How each person wants to be told. No row: everything is switched on.

CREATE TABLE notification_preferences (
    agent_id BIGINT PRIMARY KEY REFERENCES agents (id),
    sound_message BOOLEAN NOT NULL,
    sound_chat BOOLEAN NOT NULL,
    sound_transfer BOOLEAN NOT NULL,
    desktop_message BOOLEAN NOT NULL,
    desktop_chat BOOLEAN NOT NULL,
    desktop_transfer BOOLEAN NOT NULL,
    badge_messages BOOLEAN NOT NULL,
    badge_chats BOOLEAN NOT NULL,
    do_not_disturb BOOLEAN NOT NULL,
    -- Seconds after midnight in São Paulo.
    quiet_from_second BIGINT CHECK (quiet_from_second BETWEEN 0 AND 86399),
    quiet_until_second BIGINT CHECK (quiet_until_second BETWEEN 0 AND 86399),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
