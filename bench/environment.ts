// Where a figure was measured. Every benchmark prints this first, because a figure without its
// machine says nothing.

import { cpus, loadavg, release, type } from "node:os";
import { readCommand } from "./processes.ts";

export async function describeEnvironment(): Promise<string> {
  const [first] = cpus();
  const nginx = await readCommand("nginx", ["-v"]);
  const wrk = await readCommand("wrk", ["-v"]);
  return [
    `cpu      ${cpus().length} x ${first?.model ?? "unknown"}`,
    `kernel   ${type()} ${release()}, load average ${loadavg()[0]?.toFixed(2)} at the start`,
    `node     ${process.version}`,
    `nginx    ${/nginx\/(\S+)/.exec(nginx ?? "")?.[1] ?? "not installed"}`,
    `wrk      ${/wrk (?:debian\/)?(\S+)/.exec(wrk ?? "")?.[1] ?? "not installed"}`,
  ].join("\n");
}
