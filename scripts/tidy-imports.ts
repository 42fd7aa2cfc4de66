import { posix } from "node:path";
import type { ModuleImport, Source } from "./source-text.ts";

// The tidy rules about who imports whom. docs/architecture.md says why the houses are apart; the
// table below is what is enforced.

interface FolderRule {
  /** What may be imported besides the own folder: prefixes of paths. */
  readonly paths: readonly string[];
  /** What may be imported with `import type` only. */
  readonly typePaths?: readonly string[];
  readonly packages?: readonly string[];
  /** Pure folders know neither Node nor the time: the simulator runs them as they are. */
  readonly isPure?: true;
}

const FOLDERS: Readonly<Record<string, FolderRule>> = {
  "src/base/": { paths: [], isPure: true },
  "src/tcp/": { paths: ["src/base/"], isPure: true },
  "src/http1/": { paths: ["src/base/"], isPure: true },
  "src/closing/": { paths: ["src/base/", "src/tcp/"], isPure: true },
  "src/transport/": { paths: ["src/base/", "src/tcp/"] },
  "src/teardown/": { paths: ["src/base/", "src/tcp/", "src/closing/", "src/transport/"] },
  "src/server/": {
    paths: [
      "src/base/",
      "src/tcp/",
      "src/http1/",
      "src/closing/",
      "src/transport/",
      "src/teardown/",
    ],
  },
  "src/handlers/": {
    paths: ["src/base/", "src/server/exchange.ts", "src/server/prepared-response.ts"],
    packages: ["mrmime"],
  },
  "src/attach/": {
    paths: ["src/base/", "src/tcp/", "src/closing/", "src/transport/", "src/teardown/"],
  },
  // The socket table wants one native call, and the ways to native calls belong to the transport;
  // of its sockets and ports, observe/ knows nothing.
  "src/observe/": {
    paths: ["src/base/", "src/tcp/", "src/transport/native-calls.ts", "src/transport/ffi-"],
  },
  "src/admin/": {
    paths: [
      "src/base/",
      "src/tcp/",
      "src/closing/",
      "src/observe/",
      "src/teardown/",
      "src/server/",
    ],
    // uplot is served to browsers, and never run here.
    packages: ["uplot"],
  },
  "src/simulation/": {
    paths: ["src/base/", "src/tcp/"],
    typePaths: ["src/transport/"],
    isPure: true,
  },
  // finwait's own server in a simulated world: what runs there is what runs over sockets.
  "src/scenario/": {
    paths: [
      "src/base/",
      "src/tcp/",
      "src/http1/",
      "src/closing/",
      "src/teardown/",
      "src/server/",
      "src/simulation/",
    ],
    typePaths: ["src/transport/"],
  },
  "src/probe/": { paths: ["src/base/", "src/tcp/"] },
  "src/cli/": { paths: ["src/"], packages: ["commander", "zod"] },
  "src/index.ts": { paths: ["src/"] },
};

// `serve({ fetch })` is the public entry, so the server has to know how a fetch handler becomes a
// handler, and its options what a callback is. Nothing else in server/ knows what answers.
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "src/server/serve.ts": "src/handlers/fetch-handler.ts",
  "src/server/serve-options.ts": "src/handlers/fetch-handler.ts",
};

// A package that may be missing at run time is known to one file, which answers its absence.
const OPTIONAL_PACKAGES: Readonly<Record<string, string>> = {
  "src/transport/ffi-koffi.ts": "koffi",
  "src/admin/open-telemetry.ts": "@opentelemetry/api",
};

const TEST_PACKAGES = ["vitest", "fast-check"];
const DEPENDENCIES = Object.values(FOLDERS).flatMap(({ packages }) => packages ?? []);
const ENTRY_POINTS = [
  "src/index.ts",
  "src/attach/attach.ts",
  "src/attach/register.ts",
  "src/cli/main.ts",
];

export const isTest = (path: string): boolean => path.endsWith(".test.ts");
/** A test support: an implementation of a port that only tests use. */
export const isFake = (path: string): boolean => /(?:^|[/-])fake-[^/]*\.ts$/.test(path);
/** A file in one of the folders that run in the simulator as they are. */
export const isPure = (path: string): boolean => folderOf(path)?.rule.isPure === true;

/** Files of src/ import only what the table gives to their folder. */
export function checkFolderImports(sources: readonly Source[]): string[] {
  return sources.filter(({ path }) => path.startsWith("src/")).flatMap(checkFolder);
}

/** A relative import names a file that exists, with its extension. */
export function checkRelativeImports(sources: readonly Source[]): string[] {
  const paths = new Set(sources.map(({ path }) => path));
  return eachImport(sources, (source, { specifier, line }) => {
    if (!isRelative(specifier)) return [];
    const target = resolve(source.path, specifier);
    // Suites and benchmarks may run the built package, which has no source to find.
    if (target.startsWith("dist/") && !source.path.startsWith("src/")) return [];
    if (!specifier.endsWith(".ts")) {
      return [`${source.path}:${line}: imports "${specifier}", and an extension .ts is wanted`];
    }
    if (paths.has(target)) return [];
    return [`${source.path}:${line}: imports ${target}, and a file that exists is wanted`];
  });
}

/** No file of src/ imports itself, however long the way. Types count: a reader follows them too. */
export function checkCycles(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const found: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (source: Source) => {
    way.push(source.path);
    for (const { specifier, line } of source.imports) {
      const target = isRelative(specifier)
        ? byPath.get(resolve(source.path, specifier))
        : undefined;
      if (target === undefined || done.has(target.path)) continue;
      const start = way.indexOf(target.path);
      if (start < 0) {
        visit(target);
      } else {
        const cycle = [...way.slice(start), target.path].join(" -> ");
        found.push(`${source.path}:${line}: closes the cycle ${cycle}, and no cycle is wanted`);
      }
    }
    way.pop();
    done.add(source.path);
  };
  for (const source of sources) {
    if (source.path.startsWith("src/") && !done.has(source.path)) visit(source);
  }
  return found;
}

/** Every file of src/ is reached: by other source, or, for a fake, by a test. */
export function checkUnused(sources: readonly Source[]): string[] {
  const bySource = new Set<string>();
  const byTest = new Set<string>();
  eachImport(sources, ({ path }, { specifier }) => {
    if (!isRelative(specifier)) return [];
    const target = resolve(path, specifier);
    // A fake may be made of other fakes; the one on top is imported by a test.
    if (isTest(path) || isFake(path) || !path.startsWith("src/")) byTest.add(target);
    else bySource.add(target);
    return [];
  });
  return sources.flatMap(({ path }) => {
    if (!path.startsWith("src/") || isTest(path) || ENTRY_POINTS.includes(path)) return [];
    if (isFake(path)) {
      return byTest.has(path) ? [] : [`${path}:1: is imported by no test, and one is wanted`];
    }
    if (bySource.has(path)) return [];
    const who = byTest.has(path) ? "by tests only" : "by nothing";
    return [`${path}:1: is imported ${who}, and an import in src that is no test is wanted`];
  });
}

/** The package depends on nothing at run time but what the tables give to a folder or a file. */
export function checkDependencies(packageText: string): string[] {
  const { dependencies, optionalDependencies } = JSON.parse(packageText) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  const check = (names: Record<string, string> | undefined, wanted: readonly string[]): string[] =>
    Object.keys(names ?? {}).flatMap((name) => {
      if (wanted.includes(name)) return [];
      const line = packageText.slice(0, packageText.indexOf(`"${name}"`)).split("\n").length;
      const only = `only ${wanted.join(", ")} are wanted`;
      return [`package.json:${line}: depends on ${name}, and ${only}`];
    });
  return [
    ...check(dependencies, DEPENDENCIES),
    ...check(optionalDependencies, Object.values(OPTIONAL_PACKAGES)),
  ];
}

function checkFolder(source: Source): string[] {
  const own = folderOf(source.path);
  if (own === undefined) {
    return [
      `${source.path}:1: is in no known folder, and a row in scripts/tidy-imports.ts is wanted`,
    ];
  }
  return eachImport([source], (_, { specifier, line, isTypeOnly }) => {
    const where = `${source.path}:${line}`;
    if (specifier.startsWith("node:")) {
      if (own.rule.isPure !== true || isTest(source.path)) return [];
      return [`${where}: imports ${specifier}, and nothing of Node is wanted in ${own.prefix}`];
    }
    if (!isRelative(specifier)) {
      // The test of that file shows what it does with the package.
      const tested = source.path.replace(/\.test\.ts$/, ".ts");
      if (specifier === OPTIONAL_PACKAGES[tested]) return [];
      const packages = [
        ...(own.rule.packages ?? []),
        ...(isTest(source.path) ? TEST_PACKAGES : []),
      ];
      // A subpath such as "mrmime/mime" belongs to its package.
      if (packages.some((name) => `${specifier}/`.startsWith(`${name}/`))) return [];
      const wanted = packages.length === 0 ? "no package is" : `only ${packages.join(", ")} may be`;
      return [`${where}: imports the package ${specifier}, and ${wanted} wanted in ${own.prefix}`];
    }
    const target = resolve(source.path, specifier);
    // A fake lives beside the port that it implements, and the tests of every folder may use it.
    if (isTest(source.path) && isFake(target)) return [];
    if (target === EXCEPTIONS[source.path]) return [];
    if ([own.prefix, ...own.rule.paths].some((prefix) => target.startsWith(prefix))) return [];
    const typePaths = own.rule.typePaths ?? [];
    if (isTypeOnly && typePaths.some((prefix) => target.startsWith(prefix))) return [];
    const wanted = [...own.rule.paths, ...typePaths.map((prefix) => `types of ${prefix}`)];
    const only = wanted.length === 0 ? "nothing" : `only ${wanted.join(", ")}`;
    return [`${where}: imports ${target}, and ${only} is wanted in ${own.prefix}`];
  });
}

function folderOf(path: string): { prefix: string; rule: FolderRule } | undefined {
  const entry = Object.entries(FOLDERS).find(([prefix]) => path.startsWith(prefix));
  return entry === undefined ? undefined : { prefix: entry[0], rule: entry[1] };
}

function eachImport(
  sources: readonly Source[],
  check: (source: Source, moduleImport: ModuleImport) => string[],
): string[] {
  return sources.flatMap((source) => source.imports.flatMap((each) => check(source, each)));
}

const isRelative = (specifier: string): boolean => specifier.startsWith(".");

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}
