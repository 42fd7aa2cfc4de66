import type { MachineFiles } from "./machine-files.ts";

// One number that was read from a machine, with where it is from, or why it is not known.

export type ReadingUnit = "bytes" | "count" | "pages" | "port" | "seconds";

export interface Reading {
  /** null: not known. */
  readonly value: number | null;
  readonly unit: ReadingUnit;
  /** The file, and within it the field where there are several. */
  readonly source: string;
  /** Why the value is null. */
  readonly unknownBecause: string | null;
}

/** Where a number stands: `pick` finds it in the text of `path`. */
export interface ReadingPlace {
  readonly path: string;
  readonly unit: ReadingUnit;
  /** What it is called within the file, or "" if the file holds nothing else. */
  readonly field: string;
  readonly pick: (text: string) => string | undefined;
}

export function known(value: number, unit: ReadingUnit, source: string): Reading {
  return { value, unit, source, unknownBecause: null };
}

export function unknown(unit: ReadingUnit, source: string, unknownBecause: string): Reading {
  return { value: null, unit, source, unknownBecause };
}

/** "unlimited" is not known as a number, and says so. */
export function readPlace(files: MachineFiles, place: ReadingPlace): Reading {
  const { path, unit, field } = place;
  const source = field === "" ? path : `${path} ${field}`;
  if (files.platform !== "linux") {
    return unknown(unit, source, `${path} is read on Linux only, and this is ${files.platform}`);
  }
  const text = files.readText(path);
  if (text === null) return unknown(unit, source, `${path} cannot be read`);
  const found = place.pick(text) ?? "";
  if (found === "unlimited") return unknown(unit, source, `${source} is unlimited`);
  if (!/^-?\d+(?:\.\d+)?$/.test(found)) {
    return unknown(unit, source, `${path} has no ${field === "" ? "number" : field}`);
  }
  return known(Number(found), unit, source);
}

/** The whole file is one number. */
export function single(path: string, unit: ReadingUnit): ReadingPlace {
  return { path, unit, field: "", pick: (text) => text.trim() };
}

/** The file is a row of numbers: this one, counting from 0, under a name of its own. */
export function column(
  path: string,
  index: number,
  field: string,
  unit: ReadingUnit,
): ReadingPlace {
  return { path, unit, field, pick: (text) => text.trim().split(/\s+/)[index] };
}

/** The file has lines such as `TCP: inuse 5 orphan 2`: the number behind a word in a line. */
export function labelled(path: string, label: string, word: string): ReadingPlace {
  const line = new RegExp(`^${label}:(.*)$`, "m");
  return {
    path,
    unit: word === "mem" ? "pages" : "count",
    field: `${label} ${word}`,
    pick: (text) => {
      const words = line.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
      const index = words.indexOf(word);
      return index < 0 ? undefined : words[index + 1];
    },
  };
}

/** The file has a line of names and below it a line of numbers, both behind `label:`. */
export function underHead(path: string, label: string, name: string): ReadingPlace {
  return {
    path,
    unit: "count",
    field: `${label} ${name}`,
    pick: (text) => {
      const [head, numbers] = text.split("\n").filter((line) => line.startsWith(`${label}: `));
      const index = head?.split(/\s+/).indexOf(name) ?? -1;
      return index < 0 ? undefined : numbers?.split(/\s+/)[index];
    },
  };
}
