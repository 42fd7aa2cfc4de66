import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";

// How TLS ends above TCP: close_notify says that nothing was cut off, and FIN without it does not.
// What the client answers has to find somebody, or it meets RST.

const CLOSURE_ALERTS = {
  source: "RFC 9112, 9.8; RFC 8446, 6.1",
  text: "Before a server closes a TLS connection it sends the alert close_notify.",
};

const RESET_CONNECTIONS = { count: 20, atOnce: 10 };
/** Shorter than idle time-outs, which would end the connection for another reason. */
const PROMPT_MS = 1_000;

const NO_TLS = notReached("There is no TLS here: probe the https: address of the server");

export const TLS_CASES: readonly ProbeCase[] = [
  {
    id: "tls/close-notify-before-fin",
    title: "close_notify before FIN, behind the last response",
    level: "must",
    requirement: CLOSURE_ALERTS,
    sends: "GET with Connection: close",
    accepts: "close_notify, then FIN",
    meaning:
      "Clients cannot tell the end of a connection from an attacker's cut: strict ones report " +
      "'unexpected EOF' instead of the response.",
    help: "#tls",
    run: runCloseNotify,
  },
  {
    id: "tls/close-notify-ends-content",
    title: "close_notify where the end of the connection is the end of the response",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.8; RFC 8446, 6.1",
      text:
        "Content that lasts until the connection is closed is complete only if close_notify came " +
        "before the end of TCP.",
    },
    sends: "GET in HTTP/1.0, whose response may have no length",
    accepts: "the response, close_notify, then FIN",
    meaning: "A page that was cut on its way looks like a whole one, to clients and to caches.",
    help: "#tls",
    run: runContentUntilClose,
  },
  {
    id: "tls/no-reset-behind-close-notify",
    title: "no RST for a client that answers close_notify",
    level: "kind",
    requirement: {
      source: "RFC 9112, 9.6 and 9.8",
      text:
        "A server may close as soon as it has sent its alert. Who closes in stages reads on " +
        "until the client has closed, so that the client's own alert meets no RST.",
    },
    sends: `${RESET_CONNECTIONS.count} times GET with Connection: close, then close_notify`,
    accepts: "no RST on any of the connections",
    meaning:
      "Careful clients, proxies and load balancers log a reset for each connection: errors are " +
      "counted where there are none, and real ones drown in them.",
    help: "#tls",
    run: runNoReset,
  },
  {
    id: "tls/close-notify-of-client",
    title: "a client whose close_notify comes first",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.5",
      text:
        "A server watches open connections for the client's signal to close, and answers it: " +
        "then both sides have their resources back soon.",
    },
    sends: "GET, and close_notify behind the response, but no FIN",
    accepts: "close_notify and FIN within a second",
    meaning:
      "Connections of clients that have said goodbye stay until a time-out, and so do their " +
      "memory and descriptors.",
    help: "#tls",
    run: runClientFirst,
  },
  {
    id: "tls/close-notify-behind-idleness",
    title: "close_notify before FIN, behind an idle time-out",
    level: "should",
    requirement: CLOSURE_ALERTS,
    sends: "GET, then nothing",
    accepts: "close_notify, then FIN",
    meaning: "Pools of clients count a failed connection where there was only an idle one.",
    help: "#tls",
    isPatient: true,
    run: runIdle,
  },
];

/** The response of one client, or what came in its place. */
async function respondedClient(run: CaseRun, fields: readonly string[]): Promise<ProbeClient> {
  const client = await run.connect();
  await client.send(run.head({ fields }), "GET");
  await client.waitForResponses(1, run.settings.answerMs);
  return client;
}

async function runCloseNotify(run: CaseRun): Promise<Outcome> {
  if (!run.isTls) return NO_TLS;
  const client = await respondedClient(run, ["Connection: close"]);
  await client.waitForEnd(run.settings.answerMs);
  return judgeEnd(client, run.settings.answerMs);
}

async function runContentUntilClose(run: CaseRun): Promise<Outcome> {
  if (!run.isTls) return NO_TLS;
  const client = await run.connect();
  await client.send(run.head({ version: "HTTP/1.0" }), "GET");
  await client.waitUntil(() => client.response !== undefined, run.settings.answerMs);
  if (client.response?.framing !== "close") {
    const how = client.response === undefined ? "no response" : "a response that says its length";
    return notReached(`GET in HTTP/1.0 got ${how}: name a page without one as the URL's path`);
  }
  await client.waitWhileComing(() => client.end !== "open", run.settings.answerMs);
  return judgeEnd(client, run.settings.answerMs);
}

async function runIdle(run: CaseRun): Promise<Outcome> {
  if (!run.isTls) return NO_TLS;
  const client = await respondedClient(run, []);
  if (client.response?.isComplete !== true) return notReached(`No response: ${client.end}`);
  if (client.response.isLast) return notReached("The server closes behind each response");
  await client.waitForEnd(run.settings.holdMs);
  return judgeEnd(client, run.settings.holdMs);
}

function judgeEnd(client: ProbeClient, patienceMs: number): Outcome {
  const { closeNotifyAtMs, finAtMs, end } = client;
  if (end === "open" && closeNotifyAtMs === null) {
    return notReached(`The server did not end the connection within ${patienceMs} ms`);
  }
  if (end === "reset" || end === "failed") {
    return fail(`The connection ended with ${client.failure} instead of close_notify and FIN`);
  }
  if (closeNotifyAtMs === null) return fail(`FIN after ${finAtMs} ms, and no close_notify`);
  if (finAtMs === null) {
    return unkind(`close_notify after ${closeNotifyAtMs} ms, and no FIN for ${patienceMs} ms`);
  }
  return pass(`close_notify after ${closeNotifyAtMs} ms, FIN after ${finAtMs} ms`);
}

/** `null`: the server did not end its direction first. */
async function isResetByAnswer(run: CaseRun): Promise<boolean | null> {
  const client = await respondedClient(run, ["Connection: close"]);
  await client.waitForEnd(run.settings.answerMs);
  if (client.end === "open") return null;
  await client.closeNotify();
  const isReset = await client.hasMetReset();
  run.release(client);
  return isReset;
}

async function runNoReset(run: CaseRun): Promise<Outcome> {
  if (!run.isTls) return NO_TLS;
  const { count, atOnce } = RESET_CONNECTIONS;
  const answers: (boolean | null)[] = [];
  while (answers.length < count) {
    await run.reserve(atOnce);
    const round = Array.from({ length: atOnce }, () => isResetByAnswer(run));
    answers.push(...(await Promise.all(round)));
    if (answers.includes(null)) {
      return notReached(`No FIN within ${run.settings.answerMs} ms of a response to close`);
    }
  }
  const resetCount = answers.filter((isReset) => isReset === true).length;
  const figures = { connections: count, resets: resetCount };
  const seen = `${resetCount} of ${count} connections were reset behind the client's close_notify`;
  return resetCount === 0 ? pass(seen, { figures }) : unkind(seen, { figures });
}

async function runClientFirst(run: CaseRun): Promise<Outcome> {
  if (!run.isTls) return NO_TLS;
  const client = await respondedClient(run, []);
  const { response } = client;
  if (response?.isComplete !== true) return notReached(`No response: ${client.end}`);
  if (response.isLast || client.end !== "open") {
    return notReached("The server closes behind each response, so it is never the second");
  }
  const saidAtMs = client.elapsedMs;
  await client.closeNotify();
  await client.waitForEnd(Math.min(run.settings.answerMs, PROMPT_MS + client.kernelAnswerMs));
  const tookMs = Math.round(client.elapsedMs - saidAtMs);
  if (client.end === "open") {
    const own = client.closeNotifyAtMs === null ? "nothing" : "close_notify, but no FIN,";
    return fail(`The server sent ${own} within ${tookMs} ms of the client's close_notify`);
  }
  if (client.end !== "fin") return unkind(`${client.failure} ${tookMs} ms behind close_notify`);
  if (client.closeNotifyAtMs === null) {
    return unkind(`FIN ${tookMs} ms behind the client's close_notify, without one of its own`);
  }
  return pass(`close_notify and FIN ${tookMs} ms behind the client's`);
}
