/**
 * A beacon's store on disk and its HTTP server.
 *
 * @platform node
 */
export { fileStore } from "./file_store.ts";
export { type BeaconServer, type ServeOptions, serveBeacon } from "./server.ts";
