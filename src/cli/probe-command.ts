import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { NodePort } from "../probe/node-port.ts";
import { type ProbeFindings, probe } from "../probe/probe.ts";
import type { ProbeCase } from "../probe/probe-case.ts";
import type { ProbeReport } from "../probe/probe-report.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { packageVersion } from "./package-version.ts";
import { atFirstAddress, type ProbeUrl, parseProbeUrl, probeAddresses } from "./probe-address.ts";
import { probeHtml } from "./probe-html.ts";
import { ProbeInterrupt } from "./probe-interrupt.ts";
import { probeJunit } from "./probe-junit.ts";
import { caseListJson, caseListText } from "./probe-list.ts";
import { checkNamedPaths } from "./probe-named-paths.ts";
import { addProbeOptions, casesOf, type ProbeFlags, pathsOf, settingsOf } from "./probe-options.ts";
import { ProbeProgress } from "./probe-progress.ts";
import { probeReportText, probeTargetText } from "./probe-text.ts";
import { paintFor } from "./text-layout.ts";

// `finwait probe`: how any HTTP/1.1 server ends its connections, seen from outside.

const MORE_HELP = `
Exit code 1: a case of level "must" failed, or an option is wrong. 2: nothing
could be probed: the address is refused, or no HTTP/1.1 server answers there.
Ctrl-C ends the run and prints what was found so far.

What --max-... bounds is the whole run with all of its cases. A case that meets
a bound is "not reached".`;

export function probeCommand(): Command {
  const command = new Command("probe")
    .description("find out how a server ends its connections")
    .argument("[url]", "http or https URL of a page");
  return addProbeOptions(command)
    .addHelpText("after", MORE_HELP)
    .action((url: string | undefined, flags: ProbeFlags) => runProbe(url, flags));
}

async function runProbe(url: string | undefined, flags: ProbeFlags): Promise<void> {
  const cases = casesOf(flags.case);
  if (flags.list) {
    const text = flags.json ? caseListJson(cases) : caseListText(cases, paint());
    process.stdout.write(text);
    return;
  }
  if (url === undefined) throw new UsageError("Cannot probe nothing: expected a URL, or --list");
  const target = parseProbeUrl(url);
  // Before anything is sent, so that no run is in vain.
  for (const name of ["junit", "html"] as const) checkWritable(name, flags[name]);
  const addresses = await probeAddresses(target.hostname, flags.iMayTestThisHost);
  // EPIPE: head and the like have seen enough. Files are still to be written.
  process.stdout.on("error", () => {});
  const interrupt = new ProbeInterrupt();
  const startedAt = new Date().toISOString();
  const { address, ...findings } = await atFirstAddress(target.text, addresses, async (each) => ({
    address: each,
    ...(await probeAt(each, target, cases, flags, interrupt)),
  }));
  const finwait = packageVersion();
  const report: ProbeReport = { finwait, url: target.text, address, startedAt, ...findings };
  const isVerbose = flags.verbose;
  await written(
    flags.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : probeReportText(report, { paint: paint(), isVerbose, folder: process.cwd() }),
  );
  writeReport("html", flags.html, (path) => probeHtml(report, dirname(path)));
  writeReport("junit", flags.junit, () => probeJunit(report));
  // A case that was cut off may still wait for something, and nobody waits for the case.
  process.exit(interrupt.exitCode ?? (report.failedMusts.length > 0 ? 1 : 0));
}

async function probeAt(
  address: string,
  { text: url, hostname, port, isTls, host, path }: ProbeUrl,
  cases: readonly ProbeCase[],
  flags: ProbeFlags,
  interrupt: ProbeInterrupt,
): Promise<ProbeFindings> {
  const settings = settingsOf(flags);
  const { durationLimitMs, answerMs: connectTimeoutMs } = settings;
  const progress = new ProbeProgress({ cases, durationLimitMs, output: process.stderr });
  const tlsName = isTls ? hostname : null;
  progress.start();
  interrupt.onExit = () => progress.end();
  try {
    return await probe({
      port: new NodePort({ address, port, tlsName, connectTimeoutMs }),
      host,
      paths: pathsOf(path, flags),
      settings,
      repeat: flags.repeat,
      cases,
      signal: interrupt.signal,
      onFacts: (facts, server) => {
        checkNamedPaths(facts);
        progress.handleFacts();
        interrupt.hasResults = true;
        if (flags.json) return;
        progress.end();
        process.stdout.write(probeTargetText({ url, address, facts, server }, paint()));
        progress.start();
      },
      onResult: ({ id }) => progress.handleResult(id),
    });
  } finally {
    progress.end();
  }
}

function paint(): ReturnType<typeof paintFor> {
  const isTerminal = process.stdout.isTTY === true;
  return paintFor({ isTerminal, environment: process.env });
}

function checkWritable(name: string, path: string | undefined): void {
  if (path === undefined) return;
  const folder = dirname(resolve(path));
  try {
    if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
    accessSync(folder, constants.W_OK);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder) throw new Error("it is a directory");
  } catch (error) {
    throw new UsageError(`Cannot write --${name} ${path}: ${reasonOf(error)}`);
  }
}

function writeReport(
  name: string,
  path: string | undefined,
  content: (path: string) => string,
): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, content(resolve(path)));
  } catch (error) {
    throw new UsageError(`Cannot write --${name} ${path}: ${reasonOf(error)}`);
  }
}

/** Resolves once standard output has it, or whoever reads it has gone. */
function written(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}
