// The keys with which projects sign their images; the private part is sealed.

export const signingKeys = `
create table signing_keys (
  project text not null,
  id text not null,
  sealed blob not null,
  pem text not null,
  created_at integer not null,
  primary key (project, id)
) strict;
`
