// The registry's index: which manifests a repository has, and what its tags mean. Owned by store/registry-index.ts.

export const registry = `
create table manifests (
  repository text not null, digest text not null, media_type text not null, size integer not null, at integer not null, subject text,
  primary key (repository, digest)
);
create index manifests_by_subject on manifests (repository, subject) where subject is not null;
create table tags (
  repository text not null, tag text not null, digest text not null, at integer not null,
  primary key (repository, tag)
);
create table repository_blobs (repository text not null, digest text not null, primary key (repository, digest));
`
