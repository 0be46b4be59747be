// A table's search field; what is searched for is part of the address.

import { place, setQuery } from '../lib/navigate.ts'

/** What the address says to search for. */
export function useFilter(): string {
  return new URLSearchParams(place.value.search).get('q') ?? ''
}

export function FilterField({ label }: { readonly label: string }) {
  return (
    <input
      type="search"
      class="filter"
      aria-label={label}
      placeholder={label}
      value={useFilter()}
      onInput={(event) => setQuery('q', event.currentTarget.value)}
    />
  )
}
