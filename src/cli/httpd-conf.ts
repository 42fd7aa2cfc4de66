import { UsageError } from "./cli-error.ts";
import { type DirectiveLine, directiveLines } from "./httpd-conf-line.ts";
import { DIRECTIVES } from "./httpd-directive.ts";
import {
  type GivenSettings,
  type GivenValue,
  type Origin,
  originText,
  type SettingValue,
} from "./setting.ts";
import { besideFile } from "./setting-file.ts";
import { settingOf } from "./setting-table.ts";

// The connection directives of an Apache httpd's configuration, for who comes from there. Every
// line is either read or listed; nothing is dropped in silence.

/** A BrowserMatch or BrowserMatchNoCase line: a pattern, and the variables that it sets. */
export interface BrowserMatch {
  readonly args: readonly string[];
  readonly isCaseIgnored: boolean;
  readonly line: number;
}

/** A line, or a part of it, that has no effect here. */
export interface UnreadDirective {
  readonly line: number;
  readonly directive: string;
  readonly reason: string;
}

export interface HttpdConf {
  readonly settings: GivenSettings;
  readonly browserMatches: readonly BrowserMatch[];
  /** In the order of the lines. */
  readonly unread: readonly UnreadDirective[];
}

type HttpdOrigin = Extract<Origin, { type: "httpd-conf" }>;

/**
 * Reads `text`, the content of the file `path`.
 *
 * @throws {UsageError} A directive that is read has a value that httpd would refuse, too, or that
 *   has no counterpart here; or the sections are not nested.
 */
export function readHttpdConf(text: string, path: string): HttpdConf {
  const reader = new HttpdConfReader(path);
  for (const line of directiveLines(text, path)) reader.add(line);
  return reader.finish();
}

class HttpdConfReader {
  readonly #path: string;
  readonly #settings = new Map<string, { value: SettingValue; origin: HttpdOrigin }>();
  readonly #browserMatches: BrowserMatch[] = [];
  readonly #unread: UnreadDirective[] = [];
  #serverRoot: DirectiveLine | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  add(line: DirectiveLine): void {
    const { name, args, section } = line;
    const key = name.toLowerCase();
    const variable = args.find((arg) => arg.includes("${"));
    if (section !== null) this.#leave(line, `it is inside ${section}`);
    else if (name.startsWith("<")) this.#leave(line, "sections are not read");
    else if (/^browsermatch(?:nocase)?$/.test(key)) {
      const isCaseIgnored = key.endsWith("nocase");
      this.#browserMatches.push({ args, isCaseIgnored, line: line.line });
    } else if (key === "serverroot") this.#serverRoot = line;
    else if (key.startsWith("include")) this.#leave(line, "other files are not read");
    else if (!DIRECTIVES.has(key)) this.#leave(line, "it has no counterpart");
    else if (variable !== undefined) this.#leave(line, `variables as in ${variable} are not known`);
    else if (key === "listen" && this.#settings.has("port")) {
      this.#leave(line, "only the first Listen is used");
    } else this.#read(line);
  }

  finish(): HttpdConf {
    this.#resolveRoot();
    this.#endPersistence();
    this.#completeTimeout();
    this.#completeHeadLimit();
    const unread = this.#unread.sort((one, another) => one.line - another.line);
    const settings = new Map<string, GivenValue>(this.#settings);
    return { settings, browserMatches: this.#browserMatches, unread };
  }

  #read(line: DirectiveLine): void {
    const { name, args } = line;
    const directive = DIRECTIVES.get(name.toLowerCase());
    const meaning = directive?.read(args) ?? null;
    const origin = this.#originOf(line);
    if (meaning === null) {
      const shown = args.length === 0 ? "without a value" : args.join(" ");
      throw new UsageError(
        `Cannot use ${name} ${shown} in ${originText(origin)}: expected ${directive?.expected}`,
      );
    }
    const overridden = new Set<HttpdOrigin>();
    for (const [setting, value] of Object.entries(meaning.settings)) {
      const earlier = this.#settings.get(setting);
      if (earlier !== undefined) overridden.add(earlier.origin);
      this.#settings.set(setting, { value, origin });
    }
    for (const earlier of overridden) {
      const reason = `line ${line.line} has the last word`;
      this.#unread.push({ line: earlier.line, directive: earlier.directive, reason });
    }
    for (const reason of meaning.unused ?? []) this.#leave(line, reason);
  }

  #originOf({ line, name }: DirectiveLine): HttpdOrigin {
    return { type: "httpd-conf", path: this.#path, line, directive: name };
  }

  #leave({ line, name }: DirectiveLine, reason: string): void {
    this.#unread.push({ line, directive: name, reason });
  }

  /** httpd takes a relative DocumentRoot from ServerRoot, which means nothing to us otherwise. */
  #resolveRoot(): void {
    const root = this.#settings.get("root");
    const base = this.#serverRoot?.args[0];
    const isRelative = root !== undefined && !String(root.value).startsWith("/");
    if (this.#serverRoot !== null && !(isRelative && base !== undefined)) {
      this.#leave(this.#serverRoot, "it has no counterpart");
    }
    if (root === undefined) return;
    const value =
      isRelative && base !== undefined
        ? besideFile(`${base}/httpd.conf`, String(root.value))
        : besideFile(this.#path, String(root.value));
    this.#settings.set("root", { ...root, value });
  }

  /** KeepAliveTimeout 0 takes persistence away in httpd, whatever KeepAlive says. */
  #endPersistence(): void {
    const timeout = this.#settings.get("limits.keepAliveTimeoutMs");
    if (timeout?.value !== 0) return;
    this.#settings.delete("limits.keepAliveTimeoutMs");
    this.#settings.set("persistence", { value: "off", origin: timeout.origin });
  }

  /** Timeout bounds each wait for the client, so also the silence within a body. */
  #completeTimeout(): void {
    const timeout = this.#settings.get("limits.sendTimeoutMs");
    if (timeout === undefined || this.#settings.has("limits.bodyRateWindowMs")) return;
    this.#settings.set("limits.bodyRateWindowMs", timeout);
  }

  /** httpd has no limit for all of a head, so ours must not undo longer lines. */
  #completeHeadLimit(): void {
    const line = this.#settings.get("limits.requestLineLimitBytes");
    const field = this.#settings.get("limits.fieldLineLimitBytes");
    const given = [line, field].filter((each) => each !== undefined);
    const lineBytes = line?.value ?? settingOf("limits.requestLineLimitBytes").default;
    const fieldBytes = field?.value ?? settingOf("limits.fieldLineLimitBytes").default;
    const value = Math.min(Number(lineBytes) + Number(fieldBytes), Number.MAX_SAFE_INTEGER);
    const [longest] = given.sort((one, another) => Number(another.value) - Number(one.value));
    if (longest === undefined || value <= Number(settingOf("limits.headLimitBytes").default))
      return;
    this.#settings.set("limits.headLimitBytes", { value, origin: longest.origin });
  }
}
