// Events, the action queue, and the projections of runs, deployments and settings.

export const events = `
create table events (
  position integer primary key,
  stream text not null,
  seq integer not null,
  type text not null,
  version integer not null,
  at integer not null,
  body text not null,
  cause text,
  unique (stream, seq)
);
create table actions (
  id integer primary key,
  stream text not null,
  key text not null,
  kind text not null,
  body text not null,
  not_before integer not null,
  lease_until integer not null default 0,
  token integer not null default 0,
  attempts integer not null default 0,
  state text not null default 'queued',
  problem text,
  unique (stream, key)
);
create index actions_queued on actions (state, not_before);
create table runs (
  id text primary key, project text not null, number integer not null, created_at integer not null, finished_at integer,
  unique (project, number)
);
create table deployments (
  id text primary key, project text not null, environment text not null, run text, created_at integer not null, finished_at integer
);
create index deployments_by_environment on deployments (project, environment, created_at);
create table releases (
  id text primary key, project text not null, number integer not null, environment text not null, created_at integer not null,
  unique (project, number)
);
create table projects (name text primary key, created_at integer not null, created_by text not null);
create table pushes (project text not null, ref text not null, after_commit text not null, at integer not null, primary key (project, ref, after_commit));
create table secrets (
  project text not null, environment text not null, name text not null, version integer not null, sealed blob not null, set_by text not null, at integer not null,
  primary key (project, environment, name, version)
);
create table variables (
  project text not null, environment text not null, name text not null, value text not null, set_by text not null, at integer not null,
  primary key (project, environment, name)
);
`
