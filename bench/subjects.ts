// The servers that are compared: how each is configured, started and found.
//
// Purpose "requests" leaves every time-out at its default, because what a request costs includes
// them. Purpose "connections" makes them so long that nothing ends while it is being measured.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pause, withDeadline } from "./deadline.ts";
import { readChildren } from "./proc.ts";
import { readCommand, type StartedProcess, startProcess } from "./processes.ts";
import { FILE_NAME, type Site } from "./site.ts";

const START_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 50;
const CONNECTION_LIMIT = 20_000;
const PATIENCE_MS = 600_000;
const BANNER = /http:\/\/127\.0\.0\.1:(\d+)\//;

/**
 * "nginx" reads and sends the file as its defaults say, with sendfile on; "nginx-tuned" is the
 * fastest we found for one small file (open_file_cache, no sendfile), at less than half the cost.
 */
export type SubjectName = "finwait" | "nginx" | "nginx-tuned" | "node:http";
export type Purpose = "requests" | "connections";

export interface StartedSubject {
  readonly type: "started";
  readonly name: SubjectName;
  /** The process that serves, which for nginx is the worker and not the one that was started. */
  readonly servingPid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface SkippedSubject {
  readonly type: "skipped";
  readonly name: SubjectName;
  readonly reason: string;
}

export type Subject = StartedSubject | SkippedSubject;

export async function startSubject(
  name: SubjectName,
  site: Site,
  purpose: Purpose,
): Promise<Subject> {
  switch (name) {
    case "finwait":
      return startFinwait(site, purpose);
    case "nginx":
    case "nginx-tuned":
      return startNginx(name, site, purpose);
    case "node:http":
      return startNodeHttp(site, purpose);
  }
}

/** Stops all of them even when stopping one fails. */
export async function stopSubjects(subjects: readonly Subject[]): Promise<void> {
  await Promise.allSettled(subjects.map((s) => (s.type === "started" ? s.stop() : undefined)));
}

/** The names and options of the command line; a test of the CLI is the place that checks them. */
const FINWAIT_ARGUMENTS: { readonly [P in Purpose]: readonly string[] } = {
  requests: ["--access-log", "off"],
  connections: [
    "--access-log",
    "off",
    "--connection-limit",
    `${CONNECTION_LIMIT}`,
    "--connection-limit-per-address",
    `${CONNECTION_LIMIT}`,
    "--keep-alive-timeout-ms",
    `${PATIENCE_MS}`,
    "--linger-total-timeout-ms",
    "120000",
    "--linger-idle-timeout-ms",
    "120000",
    "--linger-connection-limit",
    `${CONNECTION_LIMIT}`,
    "--linger-connection-limit-per-address",
    "0",
    "--linger-pressure-percent",
    "100",
    "--pressure-percent",
    "100",
  ],
};

async function startFinwait(site: Site, purpose: Purpose): Promise<Subject> {
  const cliPath = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
  if (!existsSync(cliPath)) {
    const reason = 'dist/cli/main.js does not exist, "npm run build" writes it';
    return { type: "skipped", name: "finwait", reason };
  }
  const argv = [cliPath, "serve", site.rootPath, "--port", "0", ...FINWAIT_ARGUMENTS[purpose]];
  return startWithBanner("finwait", argv);
}

async function startNodeHttp(site: Site, purpose: Purpose): Promise<Subject> {
  const serverPath = fileURLToPath(new URL("./node-http-server.mjs", import.meta.url));
  return startWithBanner("node:http", [serverPath, join(site.rootPath, FILE_NAME), purpose]);
}

/** Both run under the plain node of this process, without its loader flags. */
async function startWithBanner(name: SubjectName, argv: readonly string[]): Promise<Subject> {
  const server = await startProcess(process.execPath, argv);
  try {
    const [, port] = await server.waitForOutput(BANNER, START_TIMEOUT_MS);
    return started(name, server, server.pid, Number(port));
  } catch (cause) {
    await server.stop();
    throw new Error(`Cannot start ${name}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

async function startNginx(
  name: "nginx" | "nginx-tuned",
  site: Site,
  purpose: Purpose,
): Promise<Subject> {
  if ((await readCommand("nginx", ["-v"])) === undefined) {
    return { type: "skipped", name, reason: "nginx is not installed" };
  }
  const port = await findFreePort();
  const configPath = join(site.scratchPath, `${name}.conf`);
  await writeFile(configPath, nginxConfig(name, site, purpose, port));
  const server = await startProcess("nginx", [
    "-p",
    site.scratchPath,
    "-e",
    "stderr",
    "-c",
    configPath,
  ]);
  try {
    await waitUntilListening(server, port);
    const [worker] = readChildren(server.pid);
    if (worker === undefined) throw new Error("it has no worker process");
    return started(name, server, worker, port);
  } catch (cause) {
    await server.stop();
    throw new Error(`Cannot start ${name}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function nginxConfig(name: SubjectName, site: Site, purpose: Purpose, port: number): string {
  // A worker that changes its user could not read a temporary folder of mode 0700.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const patience = `
    keepalive_timeout ${PATIENCE_MS / 1000}s;
    lingering_time ${PATIENCE_MS / 1000}s;
    lingering_timeout ${PATIENCE_MS / 1000}s;
    client_max_body_size 0;`;
  return `
daemon off;
worker_processes 1;
pid ${site.scratchPath}/${name}.pid;
${user}
events { worker_connections ${CONNECTION_LIMIT - 100}; }
http {
    access_log off;
    ${name === "nginx-tuned" ? "sendfile off; open_file_cache max=100;" : "sendfile on;"}
    types { text/html html; }
    keepalive_requests 1000000000;${purpose === "connections" ? patience : ""}
    client_body_temp_path ${site.scratchPath}/body;
    proxy_temp_path ${site.scratchPath}/proxy;
    fastcgi_temp_path ${site.scratchPath}/fastcgi;
    uwsgi_temp_path ${site.scratchPath}/uwsgi;
    scgi_temp_path ${site.scratchPath}/scgi;
    server {
        listen 127.0.0.1:${port} backlog=4096;
        root ${site.rootPath};
    }
}
`;
}

function started(
  name: SubjectName,
  server: StartedProcess,
  servingPid: number,
  port: number,
): StartedSubject {
  return { type: "started", name, servingPid, port, stop: () => server.stop() };
}

/** nginx cannot be given port 0: the port could be taken in between, and nginx then says so. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("Cannot find a free port: the listener has no address"));
      });
    });
  });
}

async function waitUntilListening(server: StartedProcess, port: number): Promise<void> {
  const deadlineAtMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineAtMs) {
    if (server.hasExited) throw new Error(server.output.trim() || "it ended without a message");
    if (await canConnect(port)) return;
    await pause(POLL_INTERVAL_MS);
  }
  throw new Error(`it did not listen within ${START_TIMEOUT_MS} ms: ${server.output.trim()}`);
}

function canConnect(port: number): Promise<boolean> {
  const attempt = new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const finish = (isListening: boolean) => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once("connect", () => finish(true));
    // Any error means "not listening yet"; the caller's deadline bounds how often that is believed.
    socket.once("error", () => finish(false));
  });
  return withDeadline(attempt, START_TIMEOUT_MS, "Connecting to nginx");
}
