// What a setting is, where its value can come from, and how both are put into words.
//
// The settings themselves are rows of the table in setting-table.ts.

export type SettingValue = string | number | boolean;

interface NamedSetting {
  /** Its place in the file, for example `"limits.requestLimit"`. Errors and reports use it too. */
  readonly name: string;
  /** As commander takes it, for example `"-p, --port <n>"`; null: in the file only. */
  readonly flag: string | null;
  /** What --help, the JSON schema and docs/configuration.md say about it. */
  readonly help: string;
  /** When a change in a file takes effect: with SIGHUP, or not before the next start. */
  readonly changesWith: "reload" | "restart";
}

export interface NumberSetting extends NamedSetting {
  readonly type: "number";
  readonly default: number;
  readonly least: number;
  readonly most: number;
}

export interface ChoiceSetting extends NamedSetting {
  readonly type: "choice";
  readonly default: string;
  readonly choices: readonly string[];
}

export interface TextSetting extends NamedSetting {
  readonly type: "text";
  readonly default: string;
  /** A path in a file is relative to that file. */
  readonly isPath: boolean;
  readonly canBeEmpty: boolean;
}

export interface SwitchSetting extends NamedSetting {
  readonly type: "switch";
  readonly default: boolean;
}

export type Setting = NumberSetting | ChoiceSetting | TextSetting | SwitchSetting;

/** Who gave a value. */
export type Origin =
  | { readonly type: "default" }
  /** `flag` as it was written, or `"[root]"` for the argument. */
  | { readonly type: "flag"; readonly flag: string }
  | { readonly type: "file"; readonly path: string }
  | {
      readonly type: "httpd-conf";
      readonly path: string;
      readonly line: number;
      readonly directive: string;
    };

export interface GivenValue {
  readonly value: SettingValue;
  readonly origin: Origin;
}

/** What one source says: values by the names of their settings. */
export type GivenSettings = ReadonlyMap<string, GivenValue>;

/** For example `"--port"`, `"finwait.config.json"`, `"httpd.conf:12"`, `"default"`. */
export function originText(origin: Origin): string {
  switch (origin.type) {
    case "default":
      return "default";
    case "flag":
      return origin.flag;
    case "file":
      return origin.path;
    case "httpd-conf":
      return `${origin.path}:${origin.line}`;
  }
}

/** What `setting` allows, as the end of a sentence that says "expected". */
export function expectedOf(setting: Setting): string {
  switch (setting.type) {
    case "number":
      return `an integer from ${setting.least} to ${setting.most}`;
    case "choice":
      return listOf(setting.choices.map((choice) => JSON.stringify(choice)));
    case "text":
      return setting.canBeEmpty ? "a string" : "a string that is not empty";
    case "switch":
      return "true or false";
  }
}

/** Whether the type, the range and the choices permit `value`. */
export function isAllowed(setting: Setting, value: unknown): value is SettingValue {
  switch (setting.type) {
    case "number": {
      const isInteger = typeof value === "number" && Number.isSafeInteger(value);
      return isInteger && value >= setting.least && value <= setting.most;
    }
    case "choice":
      return typeof value === "string" && setting.choices.includes(value);
    case "text":
      return typeof value === "string" && (setting.canBeEmpty || value !== "");
    case "switch":
      return typeof value === "boolean";
  }
}

/** `Cannot use X Y: expected Z`, with X as the user wrote it. */
export function valueSentence(
  setting: Setting,
  value: unknown,
  origin: Origin,
  expected: string,
): string {
  const shown = JSON.stringify(value);
  switch (origin.type) {
    case "default":
      return `Cannot use ${setting.name} ${shown}, the default: expected ${expected}`;
    case "flag":
      return `Cannot use ${origin.flag} ${shown}: expected ${expected}`;
    case "file":
      return `Cannot use ${setting.name} ${shown} in ${origin.path}: expected ${expected}`;
    case "httpd-conf": {
      const where = `${origin.directive} in ${originText(origin)}`;
      return `Cannot use ${setting.name} ${shown} from ${where}: expected ${expected}`;
    }
  }
}

/** `value` for a terminal: as it is if it is one visible word, and quoted otherwise. */
export function shownValue(value: SettingValue): string {
  if (typeof value !== "string" || /^[\x21-\x7e]+$/.test(value)) return String(value);
  // JSON leaves DEL and the C1 controls as they are, which move the cursor of some terminals.
  return JSON.stringify(value).replace(/[\x7f-\x9f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** `a`, `a or b`, `a, b or c`. */
export function listOf(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
