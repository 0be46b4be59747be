// What a port speaks when nobody says it.

/** Ports whose programs do not speak HTTP: databases, queues, caches, mail, shells. */
const rawPorts = new Set([
  22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5671, 5672, 6379, 8883, 9042, 9092, 11211, 27017,
])

/** `tcp` for the well-known ports of programs that do not speak HTTP; everything else is taken for HTTP. */
export function usualProtocol(port: number): 'http' | 'tcp' {
  return rawPorts.has(port) ? 'tcp' : 'http'
}
