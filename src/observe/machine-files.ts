import { readdirSync, readFileSync, readlinkSync } from "node:fs";

// The port through which the doctor looks at a machine: text files, names in a folder, links.

/** Whatever cannot be read is null: every caller says so, and none of them can do more. */
export interface MachineFiles {
  /** `process.platform` of the machine. */
  readonly platform: string;
  readText(path: string): string | null;
  listNames(path: string): readonly string[] | null;
  linkTarget(path: string): string | null;
}

/** The machine that this process runs on. */
export function thisMachine(): MachineFiles {
  return {
    platform: process.platform,
    readText: (path) => orNull(() => readFileSync(path, "latin1")),
    listNames: (path) => orNull(() => readdirSync(path)),
    linkTarget: (path) => orNull(() => readlinkSync(path)),
  };
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    // Errors of the system: no such file, no right to it, or a process that has just ended.
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}
