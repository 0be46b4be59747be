// A value while it is being built.

/** `T` without `readonly`, for a value that is still being built. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }
