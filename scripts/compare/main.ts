import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { cpus, release, tmpdir, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readCommand } from "../../bench/processes.ts";
import { CATALOGUE } from "../../src/probe/cases/catalogue.ts";
import type { ProbeCase } from "../../src/probe/probe-case.ts";
import type { ComparedCase, ComparedServer, Comparison } from "./comparison.ts";
import { DOCS_PATH, writeComparison } from "./comparison-files.ts";
import { measure } from "./measure.ts";
import { type SharedPlace, startServer } from "./server-process.ts";
import { packageVersion, SERVERS, type ServerRecipe, versionOf } from "./servers.ts";
import { comparisonPage } from "./table.ts";

// `npm run compare`: starts one server after the other, probes it, and writes docs/comparison.md
// and docs/comparison.json. A server that is not there, or does not start, is a line in the page.

const USAGE = `npm run compare -- [options]

  --only NAMES          only these servers, separated by commas (as in the page, any case)
  --case TOPIC          only cases whose id begins with this
  --repeat N            attempts of quick cases (default 5); slow ones have three
  --command NAME=FILE   where a command is: --command bun=/opt/bun. "newer-node" is a second Node
  --out FOLDER          where both files are written (default: docs; with --only or --case, the
                        page is printed instead)
`;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Shared {
  readonly place: SharedPlace;
  readonly commands: ReadonlyMap<string, string>;
  readonly cases: readonly ProbeCase[];
  readonly repeat: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      case: { type: "string", default: "" },
      repeat: { type: "string", default: "5" },
      command: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const repeat = Number(values.repeat);
  if (!Number.isInteger(repeat) || repeat < 1) throw new RangeError(`Cannot repeat "${repeat}"`);
  const recipes = chooseServers(values.only);
  const cases = CATALOGUE.filter(({ id }) => id.startsWith(values.case));
  if (cases.length === 0) throw new RangeError(`Cannot find cases of "${values.case}"`);
  const isWhole = values.only === undefined && values.case === "";
  const outPath = values.out ?? (isWhole ? DOCS_PATH : null);
  const folder = await mkdtemp(join(tmpdir(), "finwait-compare-"));
  // At the exit, because an interrupted run has to clean up, too.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const commands = new Map([["node", process.execPath], ...values.command.map(splitCommand)]);
  const shared = { place: await writeSite(folder), commands, cases, repeat };
  const head = describeRun(cases, repeat);
  const servers: ComparedServer[] = [];
  for (const recipe of recipes) {
    servers.push(await compareServer(recipe, shared, folder));
    // After each, so that an interrupted run leaves what it has.
    if (outPath !== null) writeComparison(outPath, { ...head, servers });
  }
  if (outPath === null) process.stdout.write(comparisonPage({ ...head, servers }));
}

function chooseServers(only: string | undefined): readonly ServerRecipe[] {
  if (only === undefined) return SERVERS;
  return only.split(",").map((wanted) => {
    const found = SERVERS.find(({ name }) => name.toLowerCase() === wanted.trim().toLowerCase());
    if (found !== undefined) return found;
    const names = SERVERS.map(({ name }) => name).join(", ");
    throw new RangeError(`Cannot find the server "${wanted}": there are ${names}`);
  });
}

function splitCommand(text: string): [string, string] {
  const [name = "", ...file] = text.split("=");
  if (file.length === 0)
    throw new RangeError(`Cannot use --command "${text}": NAME=FILE is wanted`);
  return [name, file.join("=")];
}

/** Readable by the users that servers started by root become. */
async function writeSite(folder: string): Promise<SharedPlace> {
  await chmod(folder, 0o755);
  const sitePath = join(folder, "site");
  const place = {
    sitePath,
    certPath: join(folder, "cert.pem"),
    keyPath: join(folder, "key.pem"),
    certAndKeyPath: join(folder, "cert-and-key.pem"),
  };
  await mkdir(sitePath);
  await writeFile(join(sitePath, "index.html"), "<!doctype html><title>finwait</title>\n");
  await writeFile(join(sitePath, "medium"), "x".repeat(200_000));
  await writeFile(join(sitePath, "large"), "x".repeat(6_000_000));
  const cert = join(ROOT, "test/support/tls-cert.pem");
  const key = join(ROOT, "test/support/tls-key.pem");
  await copyFile(cert, place.certPath);
  await copyFile(key, place.keyPath);
  await writeFile(place.certAndKeyPath, (await readFile(cert, "utf8")) + (await readFile(key)));
  return place;
}

function describeRun(cases: readonly ProbeCase[], repeat: number): Omit<Comparison, "servers"> {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT });
  const processors = cpus();
  return {
    finwait: `${packageVersion("finwait")} (${commit.toString().trim()})`,
    startedAt: new Date().toISOString(),
    machine: `${type()} ${release()}, ${processors.length} x ${processors[0]?.model ?? "unknown"}`,
    node: process.versions.node,
    repeat,
    cases: cases.map(comparedCase),
  };
}

function comparedCase({ run: _, isPatient, ...rest }: ProbeCase): ComparedCase {
  return { ...rest, isPatient: isPatient === true };
}

async function compareServer(
  recipe: ServerRecipe,
  shared: Shared,
  folder: string,
): Promise<ComparedServer> {
  const { name, files, about } = recipe;
  const command = shared.commands.get(recipe.command) ?? recipe.command;
  const printed = await readCommand(command, recipe.versionArguments);
  if (printed === undefined) {
    console.error(`${name}: not installed ("${command}")`);
    return { name, files, about, version: null, trouble: null, results: {} };
  }
  const version = versionOf(recipe, printed);
  console.error(`${name}: ${version}`);
  return { name, files, about, version, ...(await judge(recipe, command, shared, folder)) };
}

async function judge(
  recipe: ServerRecipe,
  command: string,
  { place, cases, repeat }: Shared,
  folder: string,
): Promise<Pick<ComparedServer, "trouble" | "results">> {
  const { name, listeners } = recipe;
  const scratchPath = await mkdtemp(join(folder, "server-"));
  await chmod(scratchPath, 0o755);
  try {
    const server = await startServer(recipe, command, place, scratchPath);
    try {
      const results = await measure(server, {
        cases,
        repeat,
        hasTls: listeners.includes("tls"),
        onResult: ({ id, verdict, decisive }) => {
          console.error(`${name}: ${verdict.padEnd(11)} ${id}: ${decisive.seen}`);
        },
      });
      const { failure } = server;
      const trouble = failure === null ? null : `It ended while it was probed: ${failure}`;
      return { results, trouble };
    } finally {
      await server.stop();
    }
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    console.error(`${name}: ${trouble}`);
    return { results: {}, trouble };
  }
}

await main();
// A case that was cut off at the end of its run may still hold timers.
process.exit();
