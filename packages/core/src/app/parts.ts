// What services share and how they hold it: networks, volumes, configs and secrets, mounts. After the compose specification.

/** A network of the app. `name` is as the engine knows it: with the project before it, or as written. */
export interface AppNetwork {
  readonly name: string
  /** Made by others: it must be there, and is never removed. */
  readonly external?: boolean
  readonly driver?: string
  readonly driverOptions?: Readonly<Record<string, string>>
  readonly internal?: boolean
  readonly attachable?: boolean
  readonly enableIpv4?: boolean
  readonly enableIpv6?: boolean
  readonly ipam?: Ipam
  readonly labels?: Readonly<Record<string, string>>
}

/** The addresses of a network. */
export interface Ipam {
  readonly driver?: string
  readonly options?: Readonly<Record<string, string>>
  readonly config?: readonly IpamPool[]
}

export interface IpamPool {
  readonly subnet?: string
  readonly ipRange?: string
  readonly gateway?: string
  /** Host name → address that the engine must not give away. */
  readonly auxiliary?: Readonly<Record<string, string>>
}

/** A volume of the app, named as a network is. */
export interface AppVolume {
  readonly name: string
  readonly external?: boolean
  readonly driver?: string
  readonly driverOptions?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

/** A config or a secret: where its content comes from. */
export interface AppFile {
  readonly name: string
  readonly source: /** A file of the repository, `object` its git object once a release has pinned it; or of the machine (absolute path). */
    | { readonly kind: 'project'; readonly path: string; readonly object?: string }
    | { readonly kind: 'machine'; readonly path: string }
    | { readonly kind: 'content'; readonly content: string }
    | { readonly kind: 'environment'; readonly variable: string; readonly value?: string }
    | { readonly kind: 'external' }
  readonly labels?: Readonly<Record<string, string>>
}

/** What a service sees of the app's volumes and files, and where. `volume`, `config` and `secret` are keys of the app. */
export type Mount =
  /** Without `volume` it is the instance's own, and goes with it. */
  | {
      readonly kind: 'volume'
      readonly volume?: string
      readonly target: string
      readonly readOnly: boolean
      readonly noCopy?: boolean
      readonly subpath?: string
    }
  | {
      readonly kind: 'bind'
      /** `project`: `path` is in the repository, `object` the git object a release pins. `machine`: `path` is absolute on the machine. */
      readonly from: 'project' | 'machine'
      readonly path: string
      readonly object?: string
      readonly target: string
      readonly readOnly: boolean
      /** Make an empty folder where there is nothing. */
      readonly createPath?: boolean
      readonly propagation?: string
      readonly selinux?: 'shared' | 'private'
      readonly recursive?: string
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes?: number; readonly mode?: number; readonly options?: readonly string[] }
  | { readonly kind: 'image'; readonly image: string; readonly target: string; readonly readOnly: boolean; readonly subpath?: string }
  | {
      readonly kind: 'file'
      readonly from: 'config' | 'secret'
      readonly source: string
      readonly target: string
      readonly uid?: string
      readonly gid?: string
      /** Permission bits, as a number. */
      readonly mode?: number
    }

/** A service in a network; `network` is a key of the app. */
export interface NetworkAttachment {
  readonly network: string
  readonly aliases?: readonly string[]
  readonly ipv4?: string
  readonly ipv6?: string
  readonly linkLocal?: readonly string[]
  readonly mac?: string
  readonly interfaceName?: string
  readonly driverOptions?: Readonly<Record<string, string>>
  /** The higher one is connected first; 0 when absent. */
  readonly priority?: number
  /** The network with the highest one is the default gateway. */
  readonly gatewayPriority?: number
}
