// What others use of the OCI library.

export { type ImageConfig, readImage, readImageConfig } from './config.ts'
export { unpackImage } from './unpack.ts'
