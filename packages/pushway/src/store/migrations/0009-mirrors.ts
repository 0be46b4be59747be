// Registries that are pulled through, and what was last heard of their tags. Owned by store/mirrors.ts.

export const mirrors = `
create table mirrors (host text primary key, url text not null, username text, sealed blob, private_network integer not null default 0);
create table mirror_tags (
  repository text not null, tag text not null, checked_at integer not null, used_at integer not null,
  primary key (repository, tag)
);
create index mirror_tags_by_use on mirror_tags (used_at);
`
