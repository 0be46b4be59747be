// Which group gets the next request: smooth weighted turns, so that 10 % is ten of any hundred requests.

/** One that takes part; `turn` is kept between calls. */
export interface Weighted {
  readonly weight: number
  turn: number
}

/**
 * The next one by smooth weighted round robin among those with `usable` and a weight above 0; `undefined` when there is none.
 * Over a stable set each one's share of any `sum of weights` picks in a row is exact to one.
 */
export function pickWeighted<T extends Weighted>(all: readonly T[], usable: (one: T) => boolean): T | undefined {
  let best: T | undefined
  let sum = 0
  for (const one of all) {
    if (one.weight <= 0 || !usable(one)) continue
    sum += one.weight
    one.turn += one.weight
    if (best === undefined || one.turn > best.turn) best = one
  }
  if (best !== undefined) best.turn -= sum
  return best
}
