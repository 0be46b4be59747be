// Users, their rights on projects, tokens, links and sessions (hashed), webhook deliveries, settings. Owned by store/accounts.ts and store/webhooks.ts.

export const accounts = `
create table users (
  name text primary key, password text, admin integer not null default 0, created_at integer not null, disabled integer not null default 0
);
create table members (project text not null, user text not null, role text not null, primary key (project, user));
create table tokens (
  hash text primary key, kind text not null, user text, project text, run text, scope text not null, label text, created_at integer not null, expires_at integer, used_at integer
);
create index tokens_by_run on tokens (run);
create table webhook_deliveries (
  project text not null, delivery text not null, at integer not null, body_hash text not null, status integer not null, answer text not null,
  primary key (project, delivery)
);
create table project_settings (project text not null, key text not null, value blob not null, primary key (project, key));
`
