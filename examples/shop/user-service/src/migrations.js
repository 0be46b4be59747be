'use strict'

/** Each runs once, in this order; one that has been released is never changed. */
module.exports = [
  `CREATE TABLE users (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL,
     email text NOT NULL UNIQUE,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `ALTER TABLE users ADD COLUMN orders int NOT NULL DEFAULT 0, ADD COLUMN spent_cents bigint NOT NULL DEFAULT 0`,
  `CREATE TABLE seen_events (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`,
]
