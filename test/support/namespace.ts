import { spawn, spawnSync } from "node:child_process";
import { within } from "./deadline.ts";

// Runs a scene in a network namespace of its own, where the kernel's counters count nothing else.
//
// `unshare` makes the namespace: as root, or with a user namespace where the system allows one.

const OWN_LOOPBACK = "ip link set lo up && exec";
const SCENE_DEADLINE_MS = 18_000;

/** The flags of `unshare` that work here, or `null`. */
function unshareFlags(): readonly string[] | null {
  for (const flags of [["--net"], ["--map-root-user", "--net"]]) {
    const probe = spawnSync("unshare", [...flags, "sh", "-c", `${OWN_LOOPBACK} true`]);
    if (probe.status === 0) return flags;
  }
  return null;
}

const FLAGS = unshareFlags();

/** Why no namespace can be made, or `null`. */
export const NAMESPACE_NOTE: string | null =
  FLAGS === null ? "needs root or user namespaces, unshare and ip, for counters of its own" : null;

/**
 * What the module at `path` wrote to its standard output, as JSON.
 *
 * @throws {Error} It failed, or took too long; the message quotes its standard error.
 */
export async function runInNamespace(path: string, args: readonly string[]): Promise<unknown> {
  const node = `${OWN_LOOPBACK} "$0" --import tsx "$@"`;
  const command = [...(FLAGS ?? []), "sh", "-c", node, process.execPath, path, ...args];
  const child = spawn("unshare", command, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const status = await within(exit, `${path} to end`, () => complaints, SCENE_DEADLINE_MS);
    if (status !== 0) throw new Error(`Cannot run ${path}: status ${status}. ${complaints}`);
    return JSON.parse(output);
  } finally {
    child.kill("SIGKILL");
  }
}
