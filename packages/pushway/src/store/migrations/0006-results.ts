// Artifacts and caches of jobs, and the uploads that hold their bytes. Owned by store/results.ts.

export const results = `
create table artifacts (
  id integer primary key autoincrement, project text not null, run text not null, attempt integer not null, job text not null, name text not null,
  upload text not null, mime text not null, ready integer not null default 0, size integer not null default 0, digest text,
  created_at integer not null, expires_at integer not null,
  unique (run, attempt, name)
);
create index artifacts_by_expiry on artifacts (expires_at);
create unique index artifacts_by_upload on artifacts (upload);
create table caches (
  id integer primary key autoincrement, project text not null, scope text not null, key text not null, version text not null, upload text not null,
  ready integer not null default 0, size integer not null default 0, created_at integer not null, used_at integer not null,
  unique (project, scope, key, version)
);
create unique index caches_by_upload on caches (upload);
create table upload_blocks (
  upload text not null, block text not null, position integer, digest text not null, size integer not null,
  primary key (upload, block)
);
create index upload_blocks_by_digest on upload_blocks (digest);
`
