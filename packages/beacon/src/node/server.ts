/**
 * A small HTTP server that publishes the pulses of a store.
 *
 *     GET /pulse/last          the last pulse
 *     GET /pulse/17            the pulse with that index
 *     GET /pulse/time/<ms>     the first pulse at or after a time, milliseconds since 1970
 *
 * @platform node
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { PulseStore } from "../store.ts";

/** Options of {@link serveBeacon}. */
export interface ServeOptions {
  /** Default 8645; 0 for any that is free. */
  port?: number;
  /** Default `"127.0.0.1"`. */
  hostname?: string;
}

/** A server at work. */
export interface BeaconServer {
  /** Where it is. */
  readonly url: string;
  /** Stops it. */
  close(): Promise<void>;
}

/**
 * Serves the pulses of a store until it is closed.
 *
 * @example
 * ```ts no-run
 * import { fileStore } from "@gradus/beacon/node";
 *
 * declare const publicKey: Uint8Array;
 * const server = await serveBeacon(await fileStore("pulses.jsonl", publicKey));
 * ```
 */
export async function serveBeacon(
  store: PulseStore,
  { port = 8645, hostname = "127.0.0.1" }: ServeOptions = {},
): Promise<BeaconServer> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: string) => {
      response.writeHead(status, { "content-type": status === 200 ? "application/json" : "text/plain" });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    try {
      if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "GET only");
      const match = /^\/pulse\/(?:(last)|([1-9]\d{0,14})|time\/(\d{1,15}))$/.exec(request.url ?? "");
      if (!match) return answer(404, "No such page: there are /pulse/last, /pulse/INDEX and /pulse/time/MILLISECONDS");
      const [, last, index, time] = match;
      const pulse = await (last ? store.last() : index ? store.at(Number(index)) : store.since(Number(time)));
      return pulse ? answer(200, JSON.stringify(pulse)) : answer(404, "There is no such pulse yet");
    } catch (error) {
      return answer(500, (error as Error).message);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${hostname}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
