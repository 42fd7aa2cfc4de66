import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { CHROMIUM, CHROMIUM_FLAGS, CHROMIUM_NOTE } from "./chromium.ts";
import type { ClientPlan, ClientRequest, Seen } from "./client-plan.ts";
import { missingNote, runCommand } from "./command.ts";

// The clients that people use, each behind the same interface: the programs themselves, in
// processes of their own, with what they do by default. curl alone is told not to ask before it
// uploads ("Expect:"), because nothing would be uploaded blindly then.

export interface RealClient {
  readonly name: string;
  /** Why it cannot run here, or `null`. */
  readonly note: string | null;
  readonly canSendChunks: boolean;
  /** Seconds for an upload, whatever the server does. */
  readonly isSlow?: true;
  open(): Promise<OpenClient>;
}

export interface OpenClient {
  /** Its own and that of what it is made of. */
  readonly version: string;
  carryOut(plan: ClientPlan): Promise<readonly Seen[]>;
  close(): Promise<void>;
}

const PLAN_DEADLINE_MS = 120_000;
const PROGRAMS = join(import.meta.dirname, "programs");
/** What a page has to be at for a browser to ask its server: served by test/support/attach-site. */
export const PAGE_TARGET = "/page";

type Carry = (plan: ClientPlan) => Promise<readonly Seen[]>;

class CommandClient implements OpenClient {
  readonly version: string;
  readonly carryOut: Carry;
  readonly #folder: string | null;

  constructor(version: string, carryOut: Carry, folder: string | null = null) {
    this.version = version;
    this.carryOut = carryOut;
    this.#folder = folder;
  }

  async close(): Promise<void> {
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, maxRetries: 5 });
  }
}

/** The standard output of a command that succeeds. */
async function read(program: string, args: readonly string[]): Promise<string> {
  const result = await runCommand(program, args, "", PLAN_DEADLINE_MS);
  if (result.status === 0) return result.output.trim();
  throw new Error(`Cannot run ${program}: status ${result.status}. ${result.complaints}`);
}

/** Carries plans out with a program that takes one and prints what it saw. */
function carryWith(program: string, args: readonly string[]): Carry {
  return async (plan) => {
    const output = await read(program, [...args, JSON.stringify(plan)]);
    return JSON.parse(output) as readonly Seen[];
  };
}

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "finwait-client-"));
}

// --- Node.js ---

function nodeClient(name: "fetch" | "node:http"): RealClient {
  const { version, versions } = process;
  const undici = name === "fetch" ? `, undici ${versions.undici}` : "";
  return {
    name,
    note: null,
    canSendChunks: true,
    async open() {
      const carryOut = carryWith(process.execPath, [join(PROGRAMS, "client.mjs"), name]);
      return new CommandClient(`Node ${version.slice(1)}${undici}`, carryOut);
    },
  };
}

// --- Python ---

/** Debian's own has python3-urllib3; another one in the path may have none. */
const DEBIAN_PYTHON = "/usr/bin/python3";

function pythonClient(name: "http.client" | "urllib3", program: string): RealClient {
  return {
    name,
    note: missingNote(program),
    canSendChunks: true,
    async open() {
      const args = [join(PROGRAMS, "client.py"), name];
      return new CommandClient(await read(program, [...args, "-"]), carryWith(program, args));
    },
  };
}

// --- Go ---

const GO: RealClient = {
  name: "Go net/http",
  note: missingNote("go", "version"),
  canSendChunks: true,
  async open() {
    const folder = makeFolder();
    const program = join(folder, "client");
    await read("go", ["build", "-o", program, join(PROGRAMS, "client.go")]);
    return new CommandClient(await read(program, ["-"]), carryWith(program, []), folder);
  },
};

// --- curl ---

const CURL: RealClient = {
  name: "curl",
  note: missingNote("curl"),
  canSendChunks: true,
  async open() {
    const folder = makeFolder();
    const version = (await read("curl", ["--version"])).split(" ").slice(0, 2).join(" ");
    return new CommandClient(version, (plan) => carryOutWithCurl(plan, folder), folder);
  },
};

async function carryOutWithCurl(plan: ClientPlan, folder: string): Promise<readonly Seen[]> {
  const each = plan.requests.map((asked) => curlArgs(plan.port, asked, folder));
  if (plan.pooling === "kept") {
    // One process, and so one pool.
    return runCurl(each.flatMap((args, index) => (index === 0 ? args : ["--next", ...args])));
  }
  const seen: Seen[] = [];
  for (const args of each) seen.push(...(await runCurl(args)));
  return seen;
}

function curlArgs(port: number, asked: ClientRequest, folder: string): string[] {
  const { target, uploadBytes, coding, fieldBytes } = asked;
  const format = "%{stderr}%{http_code} %{size_download} %{exitcode} %{errormsg}\\n";
  const args = ["-s", "-m", "10", "-o", "/dev/null", "-w", format, "-H", "Expect:"];
  if (fieldBytes > 0) {
    const path = join(folder, `fields-${fieldBytes}`);
    writeFileSync(path, `X-Large: ${"x".repeat(fieldBytes)}\n`);
    args.push("-H", `@${path}`);
  }
  if (uploadBytes > 0) {
    const path = join(folder, `content-${uploadBytes}`);
    writeFileSync(path, Buffer.alloc(uploadBytes, "u"));
    args.push("--data-binary", `@${path}`);
    if (coding === "chunked") args.push("-H", "Transfer-Encoding: chunked");
  }
  return [...args, `http://127.0.0.1:${port}${target}`];
}

async function runCurl(args: readonly string[]): Promise<readonly Seen[]> {
  const result = await runCommand("curl", args, "", PLAN_DEADLINE_MS);
  return result.complaints
    .trim()
    .split("\n")
    .map((line) => {
      const [status, bodyBytes, code = "", ...text] = line.split(" ");
      if (code === "0") return [Number(status), Number(bodyBytes)];
      return [`curl ${code} after ${status}, ${bodyBytes} bytes`, text.join(" ")];
    });
}

// --- Chromium ---

const CHROMIUM_CLIENT: RealClient = {
  name: "Chromium",
  note: CHROMIUM_NOTE,
  // It streams a body over HTTP/2 only.
  canSendChunks: false,
  isSlow: true,
  async open() {
    const folder = makeFolder();
    const context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: CHROMIUM,
      headless: true,
      args: [...CHROMIUM_FLAGS],
    });
    return new ChromiumClient(context, await context.newPage(), folder);
  },
};

class ChromiumClient implements OpenClient {
  readonly version: string;
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #folder: string;

  constructor(context: BrowserContext, page: Page, folder: string) {
    this.version = `Chromium ${context.browser()?.version() ?? "of unknown version"}`;
    this.#context = context;
    this.#page = page;
    this.#folder = folder;
  }

  async carryOut({ port, requests }: ClientPlan): Promise<readonly Seen[]> {
    await this.#page.goto(`http://127.0.0.1:${port}${PAGE_TARGET}`);
    return this.#page.evaluate(async (all) => {
      const seen: Seen[] = [];
      for (const { target, uploadBytes, fieldBytes } of all) {
        const headers = fieldBytes > 0 ? { "X-Large": "x".repeat(fieldBytes) } : {};
        const upload = { method: "POST", body: new Uint8Array(uploadBytes) };
        const options = { cache: "no-store" as const, headers, ...(uploadBytes > 0 && upload) };
        try {
          const response = await fetch(target, options);
          seen.push([response.status, (await response.arrayBuffer()).byteLength]);
        } catch (error) {
          seen.push([(error as Error).name, (error as Error).message]);
        }
      }
      return seen;
    }, requests);
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export const REAL_CLIENTS: readonly RealClient[] = [
  CURL,
  pythonClient("http.client", "python3"),
  pythonClient("urllib3", DEBIAN_PYTHON),
  nodeClient("fetch"),
  nodeClient("node:http"),
  GO,
  CHROMIUM_CLIENT,
];
