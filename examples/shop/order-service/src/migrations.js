'use strict'

/** Each runs once, in this order; one that has been released is never changed. */
module.exports = [
  `CREATE TABLE orders (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     user_id bigint NOT NULL,
     lines jsonb NOT NULL,
     total_cents bigint NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE INDEX orders_by_user ON orders (user_id, id)`,
  // What is to be told to others, written in the same transaction as the order: nothing is told that did not happen, nothing is forgotten.
  `CREATE TABLE outbox (
     id uuid PRIMARY KEY,
     seq bigint GENERATED ALWAYS AS IDENTITY,
     topic text NOT NULL,
     body jsonb NOT NULL,
     traceparent text
   )`,
]
