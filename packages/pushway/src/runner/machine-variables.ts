// The machine's variables that jobs see: never the server's own settings.

const inherited =
  /^(PATH|LANG|LANGUAGE|LC_.*|TZ|TERM|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|JAVA_HOME|GOROOT|npm_config_(registry|cafile))$/i

let cache: Readonly<Record<string, string>> | undefined

/** Those of this process, read once. */
export function machineVariables(): Readonly<Record<string, string>> {
  cache ??= Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && inherited.test(entry[0])))
  return cache
}
