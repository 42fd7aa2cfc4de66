import type {
  ChoiceSetting,
  NumberSetting,
  Setting,
  SwitchSetting,
  TextSetting,
} from "./setting.ts";

// How a row of the table of settings is written: what is the same for most may be left out.

/** Time-outs beyond a day are no bounds any more, and overflow 32-bit timers. */
const DAY_MS = 86_400_000;

/** A number whose default is the library's, and whose flag is its name. */
export interface NumberRow {
  readonly least: number;
  /** Left out: a day for a time span, and no bound but the largest integer for anything else. */
  readonly most?: number;
  readonly help: string;
}

type Row<S extends Setting, Optional extends keyof S> = Omit<S, "type" | Optional> &
  Partial<Pick<S, Optional>>;

export function textRow(
  row: Row<TextSetting, "default" | "isPath" | "canBeEmpty" | "changesWith">,
): TextSetting {
  return {
    type: "text",
    default: "",
    isPath: false,
    canBeEmpty: false,
    changesWith: "restart",
    ...row,
  };
}

/** Without a default it is the first of the choices. */
export function choiceRow(row: Row<ChoiceSetting, "default" | "changesWith">): ChoiceSetting {
  return { type: "choice", default: row.choices[0] ?? "", changesWith: "restart", ...row };
}

export function switchRow(row: Row<SwitchSetting, "default" | "changesWith">): SwitchSetting {
  return { type: "switch", default: false, changesWith: "restart", ...row };
}

/** `defaults` holds the default under the last part of `name`. */
export function numberRow(
  name: string,
  flag: string | null,
  row: NumberRow,
  defaults: Readonly<Record<string, unknown>>,
): NumberSetting {
  const key = name.slice(name.lastIndexOf(".") + 1);
  const value = defaults[key];
  if (typeof value !== "number") throw new TypeError(`Cannot find the default of ${name}`);
  const most = key.endsWith("Ms") ? DAY_MS : Number.MAX_SAFE_INTEGER;
  return { type: "number", name, flag, default: value, most, changesWith: "reload", ...row };
}

export function numberRows(
  section: string,
  rows: Readonly<Record<string, NumberRow>>,
  defaults: object,
): NumberSetting[] {
  return Object.entries(rows).map(([key, row]) => {
    const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return numberRow(`${section}.${key}`, `--${flag} <n>`, row, { ...defaults });
  });
}
