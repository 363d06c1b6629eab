-- What the postal code services answered, so that they are asked once a day at most.

CREATE TABLE postal_codes (
    -- Eight digits.
    postal_code TEXT PRIMARY KEY CHECK (length(postal_code) = 8),
    -- NULL: nobody knows this postal code.
    source TEXT CHECK (source IN ('viacep', 'brasilapi')),
    street TEXT NOT NULL,
    complement TEXT NOT NULL,
    district TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT NOT NULL,
    ibge TEXT NOT NULL,
    gia TEXT NOT NULL,
    ddd TEXT NOT NULL,
    siafi TEXT NOT NULL,
    -- Until then it is the answer; afterwards only when no service answers.
    expires_at INTEGER NOT NULL,
    -- From then on the row is of no use to anybody.
    forget_at INTEGER NOT NULL
) STRICT;

CREATE INDEX postal_codes_forget_idx ON postal_codes (forget_at);
