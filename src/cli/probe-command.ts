import { lookup } from "node:dns/promises";
import { Command } from "commander";
import { NodePort } from "../probe/node-port.ts";
import { probe } from "../probe/probe.ts";
import { DEFAULT_SETTINGS } from "../probe/probe-settings.ts";

// `finwait probe`: how any HTTP/1.1 server ends its connections, seen from outside.

interface ProbeFlags {
  readonly json: boolean;
}

export function probeCommand(): Command {
  return new Command("probe")
    .description("find out how a server ends its connections")
    .argument("<url>", "http or https URL of a page")
    .option("--json", "print one JSON object", false)
    .action((url: string, flags: ProbeFlags) => run(new URL(url), flags));
}

async function run(url: URL, flags: ProbeFlags): Promise<void> {
  const isTls = url.protocol === "https:";
  const { address } = await lookup(url.hostname.replace(/^\[|\]$/g, ""));
  const findings = await probe({
    port: new NodePort({
      address,
      port: Number(url.port === "" ? (isTls ? 443 : 80) : url.port),
      tlsName: isTls ? url.hostname : null,
      connectTimeoutMs: DEFAULT_SETTINGS.answerMs,
    }),
    host: url.host,
    paths: { page: `${url.pathname}${url.search}` },
    settings: DEFAULT_SETTINGS,
    repeat: 1,
  });
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
    return;
  }
  for (const { verdict, level, id, decisive } of findings.cases) {
    process.stdout.write(`${verdict.padEnd(12)} ${level.padEnd(7)} ${id}: ${decisive.seen}\n`);
  }
}
