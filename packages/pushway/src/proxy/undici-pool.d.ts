// The one part of undici that the proxy needs: importing the rest costs start-up time and memory.

declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici'

  export default Pool
}
