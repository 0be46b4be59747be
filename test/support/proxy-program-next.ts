// The same proxy as another program file: a newer build, for tests of its replacement.

await import('./proxy-program.ts')

export {}
