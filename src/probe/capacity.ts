import { BudgetError } from "./case-run.ts";
import { isBusyStatus } from "./cases/account.ts";
import type { ProbeClient } from "./probe-client.ts";
import { ConnectError } from "./probe-port.ts";

// How many connections a server serves at one time. Cases have several beside each other, and a
// server that serves fewer would be blamed by each case for what the others hold.

export interface CapacityOptions {
  /** Connections that are tried at one time. */
  readonly count: number;
  /** @throws {BudgetError | ConnectError} There is no connection. */
  readonly connect: () => Promise<ProbeClient>;
  readonly ask: (client: ProbeClient) => Promise<boolean>;
  /** The status that is wanted. */
  readonly status: number;
  readonly patienceMs: number;
}

/** Connections that say nothing, as they occupy the workers of some servers. */
const SILENT_COUNT = 8;

/**
 * `null`: it serves all that were tried. Every client that was made is in `clients`, and open.
 */
export async function lookForCapacity(
  options: CapacityOptions,
  clients: ProbeClient[],
): Promise<number | null> {
  const silentCount = Math.min(SILENT_COUNT, options.count - 1);
  const silent = await connected(options, silentCount, clients);
  const asking = await connected(options, options.count - silentCount, clients);
  await Promise.all(asking.map((client) => wait(client, options)));
  const servedCount = asking.filter((client) => hasServed(client, options)).length;
  const takenCount = silent.filter(({ end }) => end === "open").length;
  if (servedCount + takenCount === options.count) return null;
  // Whoever is silent may have all there is.
  return servedCount === 0 ? 1 : servedCount + takenCount;
}

async function connected(
  { connect }: CapacityOptions,
  count: number,
  clients: ProbeClient[],
): Promise<readonly ProbeClient[]> {
  const made = await Promise.allSettled(Array.from({ length: count }, connect));
  const own = made.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  clients.push(...own);
  const failure = made.find((each) => each.status === "rejected")?.reason;
  const isExpected = failure instanceof ConnectError || failure instanceof BudgetError;
  if (failure !== undefined && !isExpected) throw failure;
  return own;
}

async function wait(client: ProbeClient, { ask, patienceMs }: CapacityOptions): Promise<void> {
  if (await ask(client)) await client.waitForResponses(1, patienceMs);
}

function hasServed({ response }: ProbeClient, { status }: CapacityOptions): boolean {
  if (response?.isComplete !== true) return false;
  return response.status === status || !isBusyStatus(response.status);
}
