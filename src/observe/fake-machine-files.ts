import type { MachineFiles } from "./machine-files.ts";

// A made-up machine: files and links by path. Folders follow from them.

export class FakeMachineFiles implements MachineFiles {
  readonly platform: string;
  /** Files by path. What is null is there, and cannot be read. */
  readonly texts: Map<string, string | null>;
  readonly links: Map<string, string>;
  /** How often something was read, for tests of bounds. */
  readCount = 0;

  constructor(
    texts: Readonly<Record<string, string | null>> = {},
    links: Readonly<Record<string, string>> = {},
    platform = "linux",
  ) {
    this.texts = new Map(Object.entries(texts));
    this.links = new Map(Object.entries(links));
    this.platform = platform;
  }

  readText(path: string): string | null {
    this.readCount++;
    return this.texts.get(path) ?? null;
  }

  listNames(path: string): readonly string[] | null {
    const names = new Set<string>();
    for (const known of [...this.texts.keys(), ...this.links.keys()]) {
      if (known.startsWith(`${path}/`)) names.add(known.slice(path.length + 1).split("/")[0] ?? "");
    }
    return names.size === 0 ? null : [...names];
  }

  linkTarget(path: string): string | null {
    this.readCount++;
    return this.links.get(path) ?? null;
  }
}
