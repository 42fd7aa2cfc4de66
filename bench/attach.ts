// Question: how much CPU time does attach add to a request of the same node:http server, on
// persistent connections and with a connection for each request?
//
// The second leaves thousands of sockets in TIME-WAIT a second. The server ends first and so has
// them: the port of the client is free at once, and a SYN with a later timestamp replaces TIME-WAIT
// (RFC 6191). Where that is allowed, they are in a network namespace of its own and disturb nobody.

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { withDeadline } from "./deadline.ts";
import { describeEnvironment } from "./environment.ts";
import { readCommand, startProcess } from "./processes.ts";

/** Room for what a minute of one-shot connections leaves; the default is 131,072 here. */
const TIME_WAIT_LIMIT = 1_000_000;
const SCENE = fileURLToPath(new URL("./attach-scene.ts", import.meta.url));
/** For one subject's start, warm-up and turns in one round, beyond its share of `seconds`. */
const SUBJECT_TIMEOUT_MS = 10_000;
const SUBJECTS_PER_ROUND = 6;

export interface AttachOptions {
  readonly roundCount: number;
  readonly seconds: number;
  readonly connectionCount: number;
}

export async function runAttach(options: AttachOptions): Promise<void> {
  console.log(await describeEnvironment());
  if (process.platform !== "linux") {
    console.log(`attach is skipped: needs /proc of Linux, and this is ${process.platform}`);
    return;
  }
  const { roundCount, seconds, connectionCount } = options;
  const node = ["--import", "tsx", SCENE, `${roundCount}`, `${seconds}`, `${connectionCount}`];
  const script =
    `ip link set lo up && echo ${TIME_WAIT_LIMIT} > /proc/sys/net/ipv4/tcp_max_tw_buckets; ` +
    'exec "$0" "$@"';
  const canBeAlone =
    (await readCommand("unshare", ["--net", "ip", "link", "set", "lo", "up"])) === "";
  console.log(`network  ${canBeAlone ? "a namespace of its own" : "the machine's"}`);
  const scene = canBeAlone
    ? await startProcess("unshare", ["--net", "sh", "-c", script, process.execPath, ...node])
    : await startProcess(process.execPath, node);
  scene.child.stdout?.pipe(process.stdout, { end: false });
  scene.child.stderr?.pipe(process.stderr, { end: false });
  try {
    const timeoutMs = roundCount * SUBJECTS_PER_ROUND * (seconds * 1_000 + SUBJECT_TIMEOUT_MS);
    const ended = once(scene.child, "close");
    const [status, signal] = await withDeadline(ended, timeoutMs, "The measurement");
    if (status !== 0) throw new Error(`The measurement ended with ${status ?? signal}`);
  } finally {
    await scene.stop();
  }
}
