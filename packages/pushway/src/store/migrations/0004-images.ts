// What garbage collection needs to know: when a client last counted on a manifest or blob, and what each manifest points to.

export const images = `
alter table manifests add column seen_at integer not null default 0;
update manifests set seen_at = at;
alter table repository_blobs add column seen_at integer not null default 0;
create table manifest_parts (digest text primary key, parts text not null);
create index repository_blobs_by_digest on repository_blobs (digest);
create index tags_by_digest on tags (repository, digest);
`
