// Pull requests and schedules as lists, runs numbered over the whole installation, and the documents of the GitHub-shaped API.
// `documents` is owned by store/documents.ts.

export const forge = `
alter table runs add column serial integer;
update runs set serial = rowid;
create unique index runs_by_serial on runs (serial);
create table pulls (
  project text not null, number integer not null, state text not null, head text not null, base text not null, created_at integer not null,
  primary key (project, number)
);
create index pulls_by_state on pulls (project, state, number);
create table schedules (
  project text not null, file text not null, cron text not null, timezone text not null, since integer not null, has_run integer not null,
  primary key (project, file, cron, timezone)
);
create table documents (
  id integer primary key autoincrement, project text not null, kind text not null, about text not null, body text not null, at integer not null
);
create index documents_by_subject on documents (project, kind, about, id);
`
