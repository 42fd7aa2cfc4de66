import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";

// How a server ends a connection that nobody uses: when, by what, and what becomes of a request
// that crosses its FIN.

const HELP = "#idle-connections";
/** How long behind the server's FIN a request is written. */
const CROSSING_DELAYS_MS = [0, 500, 1_500, 3_000] as const;
/** A crossing takes one way to the server; this is longer than any way on Earth. */
const CROSSING_MS = 500;
/** Coarse timers of servers, and a client that was told late of the response. */
const TOLERANCE_MS = 250;
/** IBM's KeepAliveTimeoutDelay has this default; Node's keepAliveTimeoutBuffer has 1,000 ms. */
const LEAST_MARGIN_MS = 200;
/** What is looked at behind the advertised time-out. */
const BEHIND_ADVERTISED_MS = 1_000;

/** A kept connection whose first response has arrived whole, or why there is none. */
async function idleClient(run: CaseRun, name: string): Promise<ProbeClient | Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect({ name });
  // As browsers do; without it Apache advertises no time-out.
  await client.send(run.head({ fields: ["Connection: keep-alive"] }), "GET");
  await client.waitForResponses(1, answerMs);
  const { response } = client;
  if (response === undefined || !response.isComplete) {
    return notReached(`No whole response to begin with (${client.end})`);
  }
  return response.isLast ? notReached("The server keeps no connection: it says close") : client;
}

function isOutcome(each: object): each is Outcome {
  return "verdict" in each;
}

/** Milliseconds from the response to the end of the connection. */
function idleMsOf(client: ProbeClient): number {
  const endedAtMs = client.finAtMs ?? client.failedAtMs ?? client.elapsedMs;
  return Math.round(endedAtMs - (client.response?.completeAtMs ?? 0));
}

async function runFin(run: CaseRun): Promise<Outcome> {
  const { holdMs } = run.settings;
  const client = await idleClient(run, "idle");
  if (isOutcome(client)) return client;
  await client.waitForEnd(holdMs);
  if (client.end === "open") return notReached(stillOpen(holdMs));
  const idleMs = idleMsOf(client);
  const figures = { idleMs };
  if (client.finAtMs !== null) return pass(`FIN after ${idleMs} ms`, { figures });
  return fail(`${client.failure} after ${idleMs} ms, and no FIN`, { figures });
}

function stillOpen(holdMs: number): string {
  return `The idle connection was still open after ${holdMs} ms`;
}

async function runBound(run: CaseRun): Promise<Outcome> {
  const { holdMs } = run.settings;
  const client = await idleClient(run, "idle");
  if (isOutcome(client)) return client;
  await client.waitForEnd(holdMs);
  if (client.end === "open") {
    const extras = { figures: { openMs: holdMs } };
    const isLong = holdMs >= run.settings.boundMs;
    return isLong ? unkind(stillOpen(holdMs), extras) : notReached(stillOpen(holdMs), extras);
  }
  const idleMs = idleMsOf(client);
  return pass(`The idle connection was ended after ${idleMs} ms`, { figures: { idleMs } });
}

async function runAdvertised(run: CaseRun): Promise<Outcome> {
  const { holdMs } = run.settings;
  const client = await idleClient(run, "idle");
  if (isOutcome(client)) return client;
  const field = client.response?.fields.get("keep-alive") ?? "";
  const seconds = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(field)?.[1];
  if (seconds === undefined) return notReached("Responses advertise no time-out (Keep-Alive)");
  const advertisedMs = Number(seconds) * 1_000;
  const neededMs = advertisedMs + BEHIND_ADVERTISED_MS;
  await client.waitForEnd(Math.min(neededMs, holdMs));
  const idleMs = idleMsOf(client);
  const marginMs = idleMs - advertisedMs;
  const promised = `${advertisedMs} ms were advertised`;
  if (client.end === "open") {
    const figures = { advertisedMs };
    return neededMs > holdMs
      ? notReached(`${promised}, which is longer than the probe waits (${holdMs} ms)`, { figures })
      : pass(`${promised}, and ${BEHIND_ADVERTISED_MS} ms later it was still open`, { figures });
  }
  const figures = { advertisedMs, idleMs, marginMs };
  const how = client.finAtMs === null ? client.failure : "FIN";
  const seen = `${promised}, and ${how} came after ${idleMs} ms`;
  if (marginMs >= LEAST_MARGIN_MS) return pass(seen, { figures });
  // When the server began to count is not known: it was between the request and the response.
  const startMs = Math.round((client.response?.completeAtMs ?? 0) - client.connectMs);
  if (marginMs + startMs < -TOLERANCE_MS) return fail(`${seen}, which is earlier`, { figures });
  return marginMs + startMs < LEAST_MARGIN_MS
    ? unkind(`${seen}: what is sent within the time advertised crosses it`, { figures })
    : notReached(`${seen}, or ${startMs} ms more: so long the response took`, { figures });
}

interface Crossing {
  readonly client: ProbeClient;
  readonly delayMs: number;
  readonly isRefused: boolean;
}

async function runCrossing(run: CaseRun): Promise<Outcome> {
  await run.reserve(CROSSING_DELAYS_MS.length);
  const ends = await Promise.all(CROSSING_DELAYS_MS.map((delayMs) => cross(run, delayMs)));
  const missing = ends.find(isOutcome);
  if (missing !== undefined) return missing;
  const crossings = ends.filter((end): end is Crossing => !isOutcome(end));
  const absorbed = crossings.filter(({ isRefused }) => !isRefused);
  const refused = crossings.filter(({ isRefused }) => isRefused);
  const figures = {
    ...(absorbed.length > 0 ? { absorbedMs: Math.max(...absorbed.map(delayOf)) } : {}),
    ...(refused.length > 0 ? { refusedMs: Math.min(...refused.map(delayOf)) } : {}),
  };
  const early = refused.filter(({ delayMs }) => delayMs <= CROSSING_MS);
  const witnesses = (early.length > 0 ? early : crossings).map(({ client }) => client);
  const extras = { figures, witnesses };
  if (refused.length === 0) return pass(`No RST: ${timesOf(absorbed)} behind FIN`, extras);
  const seen =
    absorbed.length === 0
      ? `RST: ${timesOf(refused)} behind FIN`
      : `RST: ${timesOf(refused)} behind FIN; none: ${timesOf(absorbed)}`;
  return early.length > 0 ? unkind(seen, extras) : pass(seen, extras);
}

/** An outcome: it did not come to an idle FIN. */
async function cross(run: CaseRun, delayMs: number): Promise<Crossing | Outcome> {
  const client = await idleClient(run, `+${delayMs} ms`);
  if (isOutcome(client)) return client;
  await client.waitForEnd(run.settings.holdMs);
  if (client.end === "open") return notReached(stillOpen(run.settings.holdMs));
  if (client.finAtMs === null) {
    return notReached(`The idle close is no FIN but ${client.failure}`);
  }
  if (delayMs > 0) await client.elapse(delayMs);
  client.note(`a request, ${delayMs} ms behind FIN`);
  await client.send(run.head(), "GET");
  await client.elapse(client.kernelAnswerMs);
  return { client, delayMs, isRefused: client.isGone || (await client.isRefusingData()) };
}

function delayOf({ delayMs }: Crossing): number {
  return delayMs;
}

function timesOf(crossings: readonly Crossing[]): string {
  return crossings
    .map(({ delayMs }) => `+${delayMs}`)
    .join(", ")
    .concat(" ms");
}

export const IDLE_CASES: readonly ProbeCase[] = [
  {
    id: "idle/fin",
    title: "an idle connection ends by FIN",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.5",
      text: "Who gives up an inactive connection closes it gracefully.",
    },
    sends: "GET with Connection: keep-alive, and then nothing",
    accepts: "FIN, and no RST",
    meaning: "The client's pool learns of the end as an error, and its next request fails.",
    help: HELP,
    isPatient: true,
    run: runFin,
  },
  {
    id: "idle/bound",
    title: "an idle connection is ended at all",
    level: "kind",
    requirement: {
      source: "nginx 75 s, Apache and Node 5 s",
      text:
        "Inactive connections have a time-out. RFC 9112, 9.5 expects one, and says nothing of " +
        "its length or existence.",
    },
    sends: "GET with Connection: keep-alive, and then nothing",
    accepts: "an end while the probe waits",
    meaning: "Each client that forgets its connection costs a descriptor and memory from then on.",
    help: HELP,
    isPatient: true,
    run: runBound,
  },
  {
    id: "idle/advertised",
    title: "the advertised time-out and the enforced one",
    level: "should",
    requirement: {
      source: "draft-thomson-hybi-http-timeout-03, 2.1",
      text:
        "timeout in Keep-Alive is how long an idle connection is kept. With the way to the " +
        "client counted in, it has to be kept longer (Node adds a second).",
    },
    sends: "GET with Connection: keep-alive, and then nothing",
    accepts: `no end before the time advertised, nor within ${LEAST_MARGIN_MS} ms behind it`,
    meaning:
      "Clients use a connection as long as it was promised, and meet its end: requests fail now " +
      "and then, and those that must not be repeated are errors for users.",
    help: HELP,
    isPatient: true,
    run: runAdvertised,
  },
  {
    id: "idle/crossing",
    // Nothing but the request is lost, and that is lost by FIN, too.
    title: "a request that crosses the idle FIN",
    level: "kind",
    requirement: {
      source: "RFC 9112, 9.5 and 9.6",
      text:
        "A request may be on its way when an idle connection is closed; a server that reads on " +
        "behind its FIN does not answer it with RST (Apache does so for 2 s).",
    },
    sends: "a request 0, 0.5, 1.5 and 3 s behind FIN, each on a connection of its own",
    accepts: `no RST to those within ${CROSSING_MS} ms`,
    meaning:
      "The client sees 'connection reset' where it might see a plain end of the connection, " +
      "which clients and proxies repeat more readily.",
    help: HELP,
    isPatient: true,
    run: runCrossing,
  },
];
