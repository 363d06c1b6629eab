-- Groups of people and the rights they give. The rights themselves are a closed list in the code, whose
-- numbers never change; `role` marks the three built-in groups that carry the rights of the roles.

CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CONSTRAINT groups_name_key UNIQUE,
    role TEXT CONSTRAINT groups_role_key UNIQUE CHECK (role IN ('agent', 'supervisor', 'manager')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE group_permissions (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, permission_id)
) STRICT;

CREATE TABLE agent_groups (
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (agent_id, group_id)
) STRICT;

CREATE INDEX agent_groups_group_idx ON agent_groups (group_id);

INSERT INTO groups (name, role, created_at, updated_at) VALUES
    ('Atendente', 'agent', 0, 0),
    ('Supervisor', 'supervisor', 0, 0),
    ('Gerente', 'manager', 0, 0);

-- What every role has; then what begins with the supervisor; then what begins with the manager.
INSERT INTO group_permissions (group_id, permission_id)
    SELECT g.id, p.id FROM groups AS g CROSS JOIN (SELECT 1 AS id) AS p;
INSERT INTO group_permissions (group_id, permission_id)
    SELECT g.id, p.id FROM groups AS g
    CROSS JOIN (SELECT 3 AS id UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 16 UNION SELECT 17) AS p
    WHERE g.role IN ('supervisor', 'manager');
INSERT INTO group_permissions (group_id, permission_id)
    SELECT g.id, p.id FROM groups AS g
    CROSS JOIN (SELECT 2 AS id UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 9 UNION SELECT 11 UNION SELECT 15) AS p
    WHERE g.role = 'manager';

-- Whoever is here already keeps what his role gives.
INSERT INTO agent_groups (agent_id, group_id)
    SELECT a.id, g.id FROM agents AS a JOIN groups AS g ON g.role = a.role;
