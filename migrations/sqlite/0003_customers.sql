-- Customers with all that is known of them, groups of companies, and the people at a customer.
--
-- `…_plain` and `search_text` hold texts without accents, case and punctuation; the store writes them
-- with every change and fills them for older rows when it opens the database.

CREATE TABLE company_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT,
    is_active INTEGER NOT NULL,
    created_by INTEGER REFERENCES agents (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name_plain TEXT NOT NULL,
    search_text TEXT NOT NULL
) STRICT;

ALTER TABLE customers ADD COLUMN trade_name TEXT;
ALTER TABLE customers ADD COLUMN person_type TEXT NOT NULL DEFAULT 'company' CHECK (person_type IN ('company', 'individual'));
-- CNPJ or CPF without punctuation.
ALTER TABLE customers ADD COLUMN tax_id TEXT;
-- `phone` and `whatsapp` are canonical; this is what the person typed.
ALTER TABLE customers ADD COLUMN phone_written TEXT;
ALTER TABLE customers ADD COLUMN whatsapp TEXT;
ALTER TABLE customers ADD COLUMN whatsapp_written TEXT;
ALTER TABLE customers ADD COLUMN street TEXT;
ALTER TABLE customers ADD COLUMN street_number TEXT;
ALTER TABLE customers ADD COLUMN complement TEXT;
ALTER TABLE customers ADD COLUMN district TEXT;
ALTER TABLE customers ADD COLUMN city TEXT;
ALTER TABLE customers ADD COLUMN state TEXT;
ALTER TABLE customers ADD COLUMN postal_code TEXT;
ALTER TABLE customers ADD COLUMN status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended', 'blocked'));
ALTER TABLE customers ADD COLUMN company_group_id INTEGER REFERENCES company_groups (id) ON DELETE SET NULL;
ALTER TABLE customers ADD COLUMN state_registration TEXT;
ALTER TABLE customers ADD COLUMN municipal_registration TEXT;
ALTER TABLE customers ADD COLUMN business_line TEXT;
ALTER TABLE customers ADD COLUMN tax_regime TEXT NOT NULL DEFAULT 'simples_nacional' CHECK (tax_regime IN ('simples_nacional', 'lucro_presumido', 'lucro_real', 'mei', 'other'));
ALTER TABLE customers ADD COLUMN representative_name TEXT;
ALTER TABLE customers ADD COLUMN representative_cpf TEXT;
ALTER TABLE customers ADD COLUMN representative_position TEXT;
ALTER TABLE customers ADD COLUMN notes TEXT;
-- Keys of stored files.
ALTER TABLE customers ADD COLUMN logo TEXT;
ALTER TABLE customers ADD COLUMN signature TEXT;
ALTER TABLE customers ADD COLUMN responsible_agent_id INTEGER REFERENCES agents (id);
ALTER TABLE customers ADD COLUMN created_by INTEGER REFERENCES agents (id);
ALTER TABLE customers ADD COLUMN updated_by INTEGER REFERENCES agents (id);
-- Deleted, but kept for the history that refers to it.
ALTER TABLE customers ADD COLUMN deleted_at INTEGER;
ALTER TABLE customers ADD COLUMN name_plain TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN trade_name_plain TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN city_plain TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN business_line_plain TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN search_text TEXT NOT NULL DEFAULT '';

UPDATE customers SET phone_written = phone;

-- A tax id belongs to one customer; that of a deleted one is free again.
CREATE UNIQUE INDEX customers_tax_id_key ON customers (tax_id) WHERE deleted_at IS NULL;
CREATE INDEX customers_whatsapp_idx ON customers (whatsapp);
CREATE INDEX customers_name_idx ON customers (name_plain, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_created_idx ON customers (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_created_by_idx ON customers (created_by);
CREATE INDEX customers_group_idx ON customers (company_group_id);

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL,
    position TEXT,
    email TEXT,
    phone TEXT,
    phone_written TEXT,
    whatsapp TEXT NOT NULL,
    whatsapp_written TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    created_by INTEGER REFERENCES agents (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name_plain TEXT NOT NULL,
    position_plain TEXT NOT NULL,
    search_text TEXT NOT NULL
) STRICT;

-- A number is once at a customer, and one person is whom to turn to first.
CREATE UNIQUE INDEX contacts_whatsapp_key ON contacts (customer_id, whatsapp) WHERE is_active;
CREATE UNIQUE INDEX contacts_primary_key ON contacts (customer_id) WHERE is_primary AND is_active;
CREATE INDEX contacts_whatsapp_idx ON contacts (whatsapp);
CREATE INDEX contacts_name_idx ON contacts (name_plain, id) WHERE is_active;
