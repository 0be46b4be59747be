// What the tokens of runs may do with repository and images. Owned by store/account-tokens.ts.

export const tokenPermissions = 'alter table tokens add column permissions text;'
