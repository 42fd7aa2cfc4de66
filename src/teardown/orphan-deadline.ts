import type { Server } from "node:net";
import { finWait2Seconds } from "../tcp/fin-wait-2-seconds.ts";
import { descriptorOf } from "../transport/file-descriptor.ts";
import type { SocketOptions } from "../transport/socket-options.ts";
import type { TeardownContext } from "./teardown-context.ts";

// The deadline for FIN-WAIT-2 of sockets that nobody here closes.

/** Linux's TCP_RTO_MIN: what a connection begins with that has measured a short round trip. */
const LEAST_RETRANSMIT_TIMEOUT_MS = 200;

/**
 * Gives the listening socket the deadline. Sockets that are accepted from now on inherit it, so
 * that even those whose process is ended by force, or that an application destroys, leave
 * FIN-WAIT-2 in time. Nothing happens where socket options cannot be reached.
 */
export function setOrphanDeadline(
  server: Server,
  options: SocketOptions | null,
  { policy, releaseTerms }: TeardownContext,
): void {
  const descriptor = descriptorOf(server);
  if (descriptor === null || options === null) return;
  const restMs = Math.min(policy.finWait2TimeoutMs, releaseTerms.orphanMs);
  const seconds = finWait2Seconds(restMs, LEAST_RETRANSMIT_TIMEOUT_MS);
  // Below what the kernel can do in time, a second is the least that is not an RST.
  options.setFinWait2Seconds(descriptor, Math.max(1, seconds));
}
