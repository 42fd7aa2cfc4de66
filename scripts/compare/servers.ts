import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// The servers that are compared: what is started, with which files, and how it says its version.
// All of them keep the defaults of their time-outs.

/** Where one server is to serve what, and may write. */
export interface Place {
  readonly port: number;
  readonly tlsPort: number;
  /** For an app behind the server. */
  readonly originPort: number;
  /** The folder with index.html, medium and large. */
  readonly sitePath: string;
  readonly scratchPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  /** Both in one file. */
  readonly certAndKeyPath: string;
}

export type Listener = "plain" | "tls" | "origin";

export interface Invocation {
  readonly command: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerRecipe {
  /** The head of its column. */
  readonly name: string;
  /** As on the command line: `--command NAME=FILE` says where it is. */
  readonly command: string;
  readonly versionArguments: readonly string[];
  /** Added to what the command says about its version. */
  readonly packageName?: string;
  /** Below this folder. Of those in configs/, copies with their marks replaced are used. */
  readonly files: readonly string[];
  readonly about: string;
  readonly listeners: readonly Listener[];
  invocations(place: Place, command: string): readonly Invocation[];
}

export const COMPARE_PATH = dirname(fileURLToPath(import.meta.url));

function appOf(place: Place, command: string, argv: readonly string[]): Invocation {
  return {
    command,
    argv,
    env: {
      SITE: place.sitePath,
      PORT: `${place.port}`,
      TLS_PORT: `${place.tlsPort}`,
      CERT: place.certPath,
      KEY: place.keyPath,
    },
  };
}

const appPath = (file: string): string => join(COMPARE_PATH, "apps", file);

interface AppNames {
  readonly name: string;
  readonly file: string;
  readonly about: string;
  readonly command?: string;
  readonly packageName?: string;
  readonly alsoFiles?: readonly string[];
}

/** An app of apps/ under Node, or under `command` with `flags`. */
function app(names: AppNames, ...flags: readonly string[]): ServerRecipe {
  const { name, file, about, command = "node", packageName, alsoFiles = [] } = names;
  return {
    name,
    command,
    versionArguments: ["--version"],
    ...(packageName === undefined ? {} : { packageName }),
    files: [file, ...alsoFiles].map((each) => `apps/${each}`),
    about,
    listeners: ["plain", "tls"],
    invocations: (place, path) => [appOf(place, path, [...flags, appPath(file)])],
  };
}

/** The app behind a configured server: it takes the uploads, which such a server only passes on. */
const ORIGIN_FILE = "node-http.mjs";

/** A server with a configuration, of which `argv` names the copy, in front of an app. */
function configured(
  recipe: Omit<ServerRecipe, "files" | "listeners" | "invocations"> & {
    readonly file: string;
    readonly hasTls?: boolean;
  },
  argv: (place: Place, configPath: string) => readonly string[],
): ServerRecipe {
  const { file, hasTls = true, ...rest } = recipe;
  return {
    ...rest,
    files: [`configs/${file}`, `apps/${ORIGIN_FILE}`],
    listeners: hasTls ? ["plain", "tls", "origin"] : ["plain", "origin"],
    invocations: (place, path) => [
      // The app's own TLS is on any free port: nobody asks it.
      appOf({ ...place, port: place.originPort, tlsPort: 0 }, process.execPath, [
        appPath(ORIGIN_FILE),
      ]),
      { command: path, argv: argv(place, join(place.scratchPath, file)) },
    ],
  };
}

const FETCH_FILES = ["fetch-handler.mjs"];

const FINWAIT_COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

const finwaitFiles: ServerRecipe = {
  name: "finwait",
  command: "node",
  versionArguments: ["--version"],
  packageName: "finwait",
  files: [],
  about: "`finwait serve` for files, one process for each listener",
  listeners: ["plain", "tls"],
  invocations: ({ sitePath, port, tlsPort, certPath, keyPath }, command) => {
    const argv = [FINWAIT_COMMAND, "serve", sitePath, "--no-config", "--access-log", "off"];
    const tls = ["--tls-cert", certPath, "--tls-key", keyPath];
    return [
      { command, argv: [...argv, "--port", `${port}`] },
      { command, argv: [...argv, "--port", `${tlsPort}`, ...tls] },
    ];
  },
};

/** In the order of the columns. */
export const SERVERS: readonly ServerRecipe[] = [
  finwaitFiles,
  app({
    name: "finwait fetch",
    file: "finwait.mjs",
    packageName: "finwait",
    about: "`serve({ fetch })`",
    alsoFiles: FETCH_FILES,
  }),
  configured(
    {
      name: "nginx",
      command: "nginx",
      versionArguments: ["-v"],
      file: "nginx.conf",
      about: "files, and uploads to the app; one worker",
    },
    ({ scratchPath }, config) => ["-p", scratchPath, "-e", "stderr", "-c", config],
  ),
  configured(
    {
      name: "Apache",
      command: "apache2",
      versionArguments: ["-v"],
      file: "apache.conf",
      about: "files, and uploads to the app; event MPM",
    },
    (_place, config) => ["-f", config, "-DFOREGROUND"],
  ),
  configured(
    {
      name: "lighttpd",
      command: "lighttpd",
      versionArguments: ["-v"],
      file: "lighttpd.conf",
      about: "files, and uploads to the app; no TLS",
      hasTls: false,
    },
    (_place, config) => ["-D", "-f", config],
  ),
  configured(
    {
      name: "HAProxy",
      command: "haproxy",
      versionArguments: ["-v"],
      file: "haproxy.cfg",
      about: "all pages from the app, and the time-outs of Debian's configuration",
    },
    (_place, config) => ["-q", "-db", "-f", config],
  ),
  configured(
    {
      name: "Caddy",
      command: "caddy",
      versionArguments: ["version"],
      file: "Caddyfile",
      about: "files, and uploads to the app",
    },
    (_place, config) => ["run", "--adapter", "caddyfile", "--config", config],
  ),
  configured(
    {
      name: "H2O",
      command: "h2o",
      versionArguments: ["--version"],
      file: "h2o.yaml",
      about: "files, and uploads to the app; one thread",
    },
    (_place, config) => ["-c", config],
  ),
  app({ name: "node:http", file: "node-http.mjs", about: "an app" }),
  app({
    name: "newer node:http",
    file: "node-http.mjs",
    command: "newer-node",
    about: "the same app under a newer Node",
  }),
  app({
    name: "node:http + attach",
    file: "node-http-attached.mjs",
    packageName: "finwait",
    about: "the same app with finwait attached",
    alsoFiles: ["node-http.mjs"],
  }),
  app({ name: "Express", file: "express.mjs", packageName: "express", about: "an app" }),
  app({ name: "Fastify", file: "fastify.mjs", packageName: "fastify", about: "an app" }),
  app({
    name: "Hono",
    file: "hono.mjs",
    packageName: "@hono/node-server",
    about: "an app on @hono/node-server",
    alsoFiles: FETCH_FILES,
  }),
  app({
    name: "Bun",
    file: "bun.mjs",
    command: "bun",
    about: "`Bun.serve`",
    alsoFiles: FETCH_FILES,
  }),
  app(
    {
      name: "Deno",
      file: "deno.mjs",
      command: "deno",
      about: "`Deno.serve`",
      alsoFiles: FETCH_FILES,
    },
    "run",
    "--allow-all",
    "--no-lock",
  ),
];

/** As `Node 20.20.2` or `express 5.3.0 on Node 20.20.2`, of what the command has printed. */
export function versionOf({ command, packageName }: ServerRecipe, printed: string): string {
  const number = /\d+(?:\.\d+)+/.exec(printed)?.[0] ?? "unknown";
  if (!command.endsWith("node")) return number;
  const node = `Node ${number}`;
  if (packageName === undefined) return node;
  return `${packageName} ${packageVersion(packageName)} on ${node}`;
}

export function packageVersion(name: string): string {
  const folder = name === "finwait" ? "" : `node_modules/${name}/`;
  const path = new URL(`../../${folder}package.json`, import.meta.url);
  const { version }: { readonly version: string } = JSON.parse(readFileSync(path, "utf8"));
  return version;
}
