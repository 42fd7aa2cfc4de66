import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { ProbeSettings } from "../probe-settings.ts";
import { judgeHeld } from "./account.ts";
import { connectRefused } from "./refused-client.ts";

// How long a server keeps a connection whose client does not close, and how much it takes of one
// that goes on sending. From outside, a connection is let go when a byte on it meets RST: before
// that, somebody has the socket. What the server's kernel keeps behind that is not seen.

const BOUNDED = {
  source: "RFC 9112, 9.5; nginx lingering_time 30 s, Apache 30 s, lighttpd 5 s",
  text:
    "RFC 9112 expects that a server gives up inactive connections, and leaves it the time; the " +
    "servers that linger have a bound of at most 30 seconds.",
};

const MEANING_HELD =
  "Clients that vanish or never close keep descriptors and memory of the server for as long as " +
  "they like: enough of them, and nobody else gets in.";

/** When a connection asks whether anybody still has it, in milliseconds behind its response. */
const LADDER_MS = [
  200, 1_000, 2_000, 3_000, 5_500, 7_000, 10_000, 15_000, 20_000, 31_000, 45_000, 60_000, 75_000,
  95_000,
];
const DRIP_PAUSE_MS = 500;
const DRIP = "0123456789";
/** Of an endless upload; less if the run may not send so much. */
const UPLOAD_LIMIT_BYTES = 256 * 1024 * 1024;
/** Part of what the run may send that an endless upload may use. */
const UPLOAD_SHARE = 8;

export const RELEASE_CASES: readonly ProbeCase[] = [
  {
    id: "release/never-closing-client",
    title: "a client that never closes behind a last response",
    level: "should",
    requirement: BOUNDED,
    sends: "GET with Connection: close on several connections, which then keep silent",
    accepts: "RST for a byte that comes late enough: nobody has the socket any more",
    meaning: MEANING_HELD,
    help: "#the-bounds-of-lingering",
    isPatient: true,
    run: (run) => runLadder(run, () => closingClient(run)),
  },
  {
    id: "release/silent-upload",
    title: "a client that stops in an upload that was refused",
    level: "should",
    requirement: BOUNDED,
    sends: "the beginning of an upload on several connections, which keep silent once refused",
    accepts: "RST for a byte that comes late enough: nobody has the socket any more",
    meaning: MEANING_HELD,
    help: "#the-bounds-of-lingering",
    isPatient: true,
    run: (run) => runLadder(run, () => connectRefused(run)),
  },
  {
    id: "release/dripping-upload",
    title: "a client that drips on behind the refusal of its upload",
    level: "should",
    requirement: {
      source: "nginx lingering_time 30 s, Apache 30 s, lighttpd 5 s",
      text: "What is thrown away behind an early answer has a bound in time that no byte moves.",
    },
    sends: `an upload that is refused, then ${DRIP.length} bytes each ${DRIP_PAUSE_MS} ms`,
    accepts: "an end of the connection, and no second response before it",
    meaning:
      "A client that sends a byte now and then keeps a connection for as long as it likes, which " +
      "costs an attacker next to nothing.",
    help: "#the-bounds-of-lingering",
    isPatient: true,
    run: runDrip,
  },
  {
    id: "release/endless-upload",
    title: "a client that never stops its upload, though it was refused",
    level: "should",
    requirement: {
      source: "Tomcat maxSwallowSize 2 MiB, Go 256 KiB; nginx lingering_time 30 s",
      text: "What is thrown away behind an early answer has a bound, in bytes or at least in time.",
    },
    sends: "an upload that is refused, and goes on as fast as it is taken",
    accepts: `an end of the connection before ${UPLOAD_LIMIT_BYTES / 1024 ** 2} MiB were taken`,
    meaning:
      "A refused upload still costs the server its whole traffic: limits on size protect the " +
      "disk, but neither the network nor the processor.",
    help: "#the-bounds-of-lingering",
    isPatient: true,
    run: runEndless,
  },
];

/** A client with its last response. */
async function closingClient(run: CaseRun): Promise<ProbeClient> {
  const client = await run.connect();
  await client.send(run.head({ fields: ["Connection: close"] }), "GET");
  await client.waitForResponses(1, run.settings.answerMs);
  return client;
}

interface Rung {
  readonly client: ProbeClient;
  readonly askAtMs: number;
}

/**
 * A byte may set back the server's timers, so each connection asks once and has kept silent before.
 * The first one that meets RST says when the server let go, between its moment and the one before.
 */
async function runLadder(
  run: CaseRun,
  connect: () => Promise<ProbeClient | null>,
): Promise<Outcome> {
  const { holdMs } = run.settings;
  const moments = [...LADDER_MS.filter((askAtMs) => askAtMs < holdMs), holdMs];
  await run.reserve(moments.length);
  const made = await Promise.all(moments.map(() => connect()));
  const rungs: Rung[] = [];
  for (const [index, client] of made.entries()) {
    if (client === null) return notReached("No path is known that answers early: --refuse-path");
    if (client.response?.isComplete !== true) {
      return notReached(`The response was not whole, so nothing follows it (${client.end})`);
    }
    rungs.push({ client, askAtMs: moments[index] ?? 0 });
  }
  let heldAtLeastMs = 0;
  const seen: ProbeClient[] = [];
  for (const { client, askAtMs } of rungs) {
    const endedAtMs = client.response?.completeAtMs ?? 0;
    await client.elapse(endedAtMs + askAtMs - client.elapsedMs);
    // Where connections or responses were slow to come, it is later than it was meant to be.
    const askedAtMs = Math.round(Math.max(askAtMs, client.elapsedMs - endedAtMs));
    const isRefused = await client.isRefusingData();
    // The connections right before and behind the release are the evidence.
    seen.splice(0, seen.length - 1);
    seen.push(client);
    if (isRefused) {
      const fin = finText(client, endedAtMs);
      const figures = { heldAtLeastMs, releasedByMs: askedAtMs };
      const text = `let go between ${heldAtLeastMs} and ${askedAtMs} ms behind the response`;
      return pass(`${fin}; ${text}`, { figures, witnesses: seen });
    }
    heldAtLeastMs = askedAtMs;
    run.release(client);
  }
  const last = rungs.at(-1)?.client;
  const fin = last === undefined ? "No FIN" : finText(last, last.response?.completeAtMs ?? 0);
  const figures = { heldAtLeastMs };
  const held = `${fin}; still held ${heldAtLeastMs} ms behind the response`;
  return judgeHeld(held, heldAtLeastMs, run.settings, { figures, witnesses: seen });
}

function finText(client: ProbeClient, endedAtMs: number): string {
  if (client.finAtMs === null) return "No FIN";
  return `FIN after ${Math.round(Math.max(0, client.finAtMs - endedAtMs))} ms`;
}

async function runDrip(run: CaseRun): Promise<Outcome> {
  const client = await connectRefused(run);
  if (client === null) return notReached("No path is known that answers early: --refuse-path");
  if (client.response?.isComplete !== true) return notReached(NO_ANSWER);
  const { holdMs } = run.settings;
  const begunAtMs = client.elapsedMs;
  const begunBytes = client.sentBytes;
  while (!client.isGone && client.elapsedMs - begunAtMs < holdMs) {
    await client.waitUntil(() => client.isGone, DRIP_PAUSE_MS);
    if (!client.isGone) await client.send(DRIP);
  }
  const heldMs = Math.round(client.elapsedMs - begunAtMs);
  const figures = { heldMs, drippedBytes: client.sentBytes - begunBytes };
  return secondResponse(client, figures) ?? judgeDrip(client, figures, run.settings);
}

const NO_ANSWER = "The refusal did not come early this time";

type Figures = Readonly<Record<string, number>>;
type DripFigures = Figures & { readonly heldMs: number };

function judgeDrip(client: ProbeClient, figures: DripFigures, settings: ProbeSettings): Outcome {
  const { heldMs } = figures;
  const fin = client.finAtMs === null ? "without FIN before" : "behind FIN";
  if (!client.isGone) {
    const seen = `The drip was taken for ${heldMs} ms, without end`;
    return judgeHeld(seen, heldMs, settings, { figures });
  }
  return pass(`The drip was cut after ${heldMs} ms, by ${client.failure} ${fin}`, { figures });
}

function secondResponse(client: ProbeClient, figures: Figures): Outcome | null {
  const { surplusBytes, surplusSample } = client.reader;
  if (surplusBytes === 0) return null;
  const line = surplusSample.split("\r\n", 1)[0] ?? "";
  return fail(`${surplusBytes} bytes came behind the response to the one request: ${line}`, {
    figures,
  });
}

async function runEndless(run: CaseRun): Promise<Outcome> {
  const client = await connectRefused(run);
  if (client === null) return notReached("No path is known that answers early: --refuse-path");
  if (client.response?.isComplete !== true) return notReached(NO_ANSWER);
  const { holdMs, sendLimitBytes } = run.settings;
  const limitBytes = Math.min(UPLOAD_LIMIT_BYTES, Math.floor(sendLimitBytes / UPLOAD_SHARE));
  const begunAtMs = client.elapsedMs;
  const begunBytes = client.sentBytes;
  const takenBytes = (): number => client.sentBytes - begunBytes;
  const tookMs = (): number => Math.round(client.elapsedMs - begunAtMs);
  // Raw bytes: they are content, or in the one chunk that was begun.
  const sending = { byteLength: limitBytes, isChunked: false, patienceMs: holdMs };
  const sendingEnd = await client.sendContent({ ...sending, isEnough: () => tookMs() >= holdMs });
  const bytes = takenBytes();
  const ms = tookMs();
  if (sendingEnd === "refused") {
    await client.waitUntil(() => client.isGone, run.settings.answerMs);
    const figures = { bytes, ms };
    const seen = `Cut after ${bytes} bytes and ${ms} ms, by ${client.failure}`;
    return secondResponse(client, figures) ?? pass(seen, { figures });
  }
  client.note("the client slows down to a drip");
  while (sendingEnd !== "stalled" && !client.isGone && tookMs() < holdMs) {
    await client.waitUntil(() => client.isGone, DRIP_PAUSE_MS);
    if (!client.isGone) await client.send(DRIP);
  }
  return judgeEndless(client, { bytes, ms, cutMs: tookMs() }, sendingEnd === "stalled");
}

function judgeEndless(
  client: ProbeClient,
  figures: { readonly bytes: number; readonly ms: number; readonly cutMs: number },
  isStalled: boolean,
): Outcome {
  const { bytes, ms, cutMs } = figures;
  const second = secondResponse(client, figures);
  if (second !== null) return second;
  if (!client.isGone) {
    const how = isStalled ? "then nothing, and was not cut" : "and was not done";
    return fail(`Took ${bytes} bytes in ${ms} ms ${how} after ${cutMs} ms`, { figures });
  }
  return unkind(
    `Took ${bytes} bytes in ${ms} ms, and was cut only after ${cutMs} ms: the bound is in time`,
    { figures },
  );
}
